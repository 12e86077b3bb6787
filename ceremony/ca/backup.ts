import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseHex, parseUtf8, toHex } from '../../src/core/bytes.ts';
import { floorToSecond, formatInstant } from '../../src/core/clock.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import type { Signer } from '../../src/core/signer.ts';
import { decryptPrivateKey } from '../../src/keys/pkcs8.ts';
import { combineShares, type Share } from '../../src/keys/shares.ts';
import { signerOf, verifySignature } from '../../src/keys/signer.ts';
import { assertIssuerKey } from '../../src/x509/certificate-factory.ts';
import { domainMessage } from '../domain-message.ts';
import { type Authority, sharesInUse } from './authority.ts';
import { formatCaDocument, type ProofDocument, proofFormat } from './documents.ts';
import { writeNew } from './event.ts';
import type { Custody } from './plan-document.ts';

export interface BackupOptions {
  readonly authority: Authority;
  /** Id of the repository. */
  readonly repository: string;
  readonly shares: readonly Share[];
  /** Opens the key with the secret that the shares restored: see `openEncryptedKey`; for a token, logs in with it. */
  open(secret: string): Promise<Signer & { close?(): void }>;
  readonly now: Date;
}

/**
 * Proves that the shares open the key of an authority: it is opened with what they restore, it is the key of the root, and
 * it signs a text that is good for nothing else. The secret and the key are never written and never shown.
 * @throws KEY_SHARE_FOREIGN, KEY_SHARE_REPEATED, KEY_SHARES_TOO_FEW, KEY_SHARE_FALSE
 * @throws X509_ISSUER_KEY, CER_CA_PROOF_FALSE; and as `open`
 */
export async function verifyBackup(options: BackupOptions): Promise<ProofDocument> {
  const { authority, repository, shares, open, now } = options;
  const set = sharesInUse(authority);
  const signer = await withSecret(authority, shares, open);
  try {
    assertIssuerKey(authority.certificate.der, signer);
    const statement = {
      repository,
      ca: authority.name,
      at: floorToSecond(now),
      set: set.id,
      by: shares.map(({ holder }) => holder),
      certificateSha256: authority.document.certificateSha256,
      nonce: toHex(new Uint8Array(randomBytes(32))),
    };
    const proof = { ...statement, sig: toHex(await signer.sign(proofMessage(statement))) };
    if (isProof(proof, authority)) return proof;
    throw proofFalse(signer.uri, authority);
  } finally {
    signer.close?.();
  }
}

/** The command by which people prove the shares of an authority. */
export function proofCommand(ca: string, custody: Custody): string {
  return `sigstead ceremony ca-backup verify ${ca}${custody === 'shares' ? ' --signer file:PATH' : ''}`;
}

/** Writes a proof down, among those that were made before. */
export async function recordProof({ layout }: Authority, proof: ProofDocument): Promise<string> {
  const path = join(layout.proofs, `${formatInstant(proof.at).replaceAll(':', '')}.json`);
  await writeNew(path, formatCaDocument(proofFormat, proof));
  return path;
}

/** True if the key of this authority signed a proof. */
export function isProof(proof: ProofDocument, { name, certificate, document }: Authority): boolean {
  const isOurs = proof.ca === name && proof.certificateSha256 === document.certificateSha256;
  return isOurs && verifySignature(certificate.publicKey, proofMessage(proof), parseHex(proof.sig));
}

/**
 * Restores the secret, and has it used; what can be overwritten of it is.
 * @throws as `combineShares`
 */
export async function withSecret<T>(
  authority: Authority,
  shares: readonly Share[],
  use: (secret: string) => Promise<T>,
): Promise<T> {
  const secret = await combineShares(shares, sharesInUse(authority));
  try {
    return await use(parseUtf8(secret, 'secret'));
  } finally {
    secret.fill(0);
  }
}

/**
 * Opens the encrypted key of an authority in memory.
 * @param pem the file, of which `what` is the path
 * @throws CER_CA_KEY_FILE if it is not the one that genesis made
 * @throws KEY_PASSPHRASE, KEY_FORMAT
 */
export async function openEncryptedKey(
  { document }: Authority,
  { pem, what, passphrase }: { readonly pem: Uint8Array; readonly what: string; readonly passphrase: string },
) {
  if (sha256Hex(pem) !== document.encryptedKeySha256) throw otherFile(document.name, what);
  const privateKey = await decryptPrivateKey(parseUtf8(pem, what), passphrase, what);
  return { privateKey, signer: signerOf(privateKey, `backup:${document.name}`) };
}

function proofMessage({ repository, ca, at, set, by, certificateSha256, nonce }: Omit<ProofDocument, 'sig'>) {
  const fields = [repository, ca, formatInstant(at), set, by.join(','), certificateSha256, nonce];
  return domainMessage(proofFormat.name, fields);
}

function proofFalse(signer: string, { name }: Authority): ToolkitError {
  return new ToolkitError('CER_CA_PROOF_FALSE', {
    message: `${signer}: expected a signature of the key of ${name}, got something else`,
    fault: 'evidence',
    data: { signer, ca: name },
    hint: 'the backup is not proved; do not use this token, or this machine, until you know why',
  });
}

function otherFile(ca: string, what: string): ToolkitError {
  return new ToolkitError('CER_CA_KEY_FILE', {
    message: `${what}: expected the encrypted key of ${ca} as its genesis wrote it, got another file`,
    fault: 'input',
    data: { ca, what },
    hint: 'it is a copy of another authority, or damaged: fetch a copy from another place, and replace this one',
  });
}
