import type { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate } from '@peculiar/asn1-x509';
import { StateDirectory } from '../../local/state.ts';
import { readTrustMaterial } from '../../operate/instance-material.ts';
import { spkiOf } from '../../src/core/digest.ts';
import { readFileCapped, readFileIfPresent } from '../../src/core/files.ts';
import { ctLogId } from '../../src/services/ct-log.ts';
import { rekorId } from '../../src/services/rekor.ts';
import { assertEntryLogged, auditLog, type LogAudit, type LogEntries, type LogKind } from '../../src/tlog/audit.ts';
import { ByteReader } from '../../src/tlog/byte-reader.ts';
import { checkpointPath, verifyCheckpoint } from '../../src/tlog/checkpoint.ts';
import { ctNoteVerifier } from '../../src/tlog/ct-key.ts';
import { type CtLeaf, parseLeafIndex } from '../../src/tlog/ct-leaf.ts';
import { maxNoteBytes, type NoteVerifier } from '../../src/tlog/note.ts';
import { rekorNoteVerifier } from '../../src/tlog/rekor-key.ts';
import { maxTileBytes } from '../../src/tlog/tiles.ts';
import type { LoadRecord } from './signing-load.ts';

export interface LogSizes {
  readonly rekor: number;
  readonly ct: number;
}

/**
 * Derives both logs again from what lies in their storage, and checks that each entry and each certificate that was
 * ever acknowledged is where it was said to be. Returns how many entries the logs have.
 */
export async function checkLogs(state: string, acknowledged: LoadRecord): Promise<LogSizes> {
  const directory = new StateDirectory(state);
  const material = await readTrustMaterial(directory);
  const [rekor, ct] = [material?.rekor[0], material?.ct[0]];
  if (!rekor || !ct) throw new Error(`${state}: no trust material`);
  const entries = await audit('rekor', directory.dataOf(rekorId(rekor.shard)), {
    origin: rekor.origin,
    verifier: rekorNoteVerifier(rekor.origin, rekor.publicKey),
  });
  for (const entry of acknowledged.entries) assertEntryLogged(entries, entry);
  const leaves = await audit('ct', directory.dataOf(ctLogId(ct.shard)), {
    origin: ct.origin,
    verifier: ctNoteVerifier(ct.origin, ct.publicKey),
  });
  for (const certificate of acknowledged.certificates) assertCertificateLogged(leaves.entries, certificate);
  return { rekor: entries.size, ct: leaves.size };
}

async function audit<Kind extends LogKind>(
  kind: Kind,
  directory: string,
  expected: { readonly origin: string; readonly verifier: NoteVerifier },
): Promise<LogAudit<LogEntries[Kind]>> {
  const checkpoint = verifyCheckpoint(await readFileCapped(join(directory, checkpointPath), maxNoteBytes), expected);
  return await auditLog({
    checkpoint,
    kind,
    readTile: (path) => readFileIfPresent(join(directory, path), maxTileBytes),
  });
}

/** The SCT in a certificate promises an index and a time; what stands there must be for this key and serial number. */
function assertCertificateLogged(leaves: readonly CtLeaf[], certificate: X509Certificate): void {
  const { index, time } = embeddedTimestamp(certificate);
  const leaf = leaves[index];
  const tbs = Buffer.from(leaf?.type === 'precert_entry' ? leaf.tbsCertificate : []);
  const isLogged =
    leaf?.timestamp.getTime() === time &&
    tbs.includes(Buffer.from(spkiOf(certificate.publicKey))) &&
    tbs.includes(Buffer.from(certificate.serialNumber, 'hex'));
  if (!isLogged) throw new Error(`certificate ${certificate.serialNumber}: is not at index ${index} of its CT log`);
}

const sctList = '1.3.6.1.4.1.11129.2.4.2';

/** Returns the index and the time of the only SCT in a certificate (RFC 6962 §3.3). */
function embeddedTimestamp(certificate: X509Certificate): { readonly index: number; readonly time: number } {
  const { extensions } = AsnConvert.parse(certificate.raw, Certificate).tbsCertificate;
  const value = extensions?.find(({ extnID }) => extnID === sctList)?.extnValue;
  const der = new ByteReader(new Uint8Array(value?.buffer ?? new ArrayBuffer()), 'SCT list');
  const [, length] = [der.number(1), der.number(1)];
  if (length >= 0x80) der.take(length - 0x80);
  const list = new ByteReader(der.vector(2), 'SCT list');
  const sct = new ByteReader(list.vector(2), 'SCT');
  sct.take(1 + 32);
  const time = sct.number(8);
  return { index: parseLeafIndex(sct.vector(2), 'SCT'), time };
}
