import type { X509Certificate } from 'node:crypto';
import { verifiedEntry } from '../../test/support/aws/load.ts';
import type { DeployedLog } from '../../test/support/aws/log-state.ts';
import type { ServiceClients } from '../load/load-client.ts';
import { assertTimestamped, issuedCertificate, type Signatory } from '../load/signatory.ts';

/** What the answers have to verify with. */
export interface Trust {
  readonly authority: X509Certificate;
  readonly rekor: DeployedLog<'rekor'>;
}

/**
 * One signature: a certificate, which Fulcio logs first, a timestamp and a log entry. Counts only if the certificate is
 * the authority's for this key, the timestamp is over this digest, and the entry is this one, proven to be in the log.
 */
export async function sign(clients: ServiceClients, signatory: Signatory, trust: Trust): Promise<void> {
  const certificate = await obtainCertificate(clients.fulcio, signatory, trust);
  const query = signatory.timestamp();
  assertTimestamped(await clients.timestamp.send(query), query);
  const entry = signatory.logEntry(certificate);
  verifiedEntry(await clients.rekor.send(entry), entry, trust.rekor);
}

export async function obtainCertificate(
  fulcio: ServiceClients['fulcio'],
  signatory: Signatory,
  { authority }: Pick<Trust, 'authority'>,
): Promise<X509Certificate> {
  const certificate = issuedCertificate(await fulcio.send(signatory.certificate()));
  if (signatory.holdsKeyOf(certificate) && certificate.verify(authority.publicKey)) return certificate;
  throw new Error(`certificate ${certificate.serialNumber}: for another key, or of another authority`);
}
