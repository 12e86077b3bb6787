import { utf8 } from '../../src/core/bytes.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { createFile, privateFileMode } from '../../src/core/files.ts';
import type { SignatureAlgorithm, Signer } from '../../src/core/signer.ts';
import { generatePrivateKey } from '../../src/keys/algorithm.ts';
import { generatePassphrase } from '../../src/keys/file-key.ts';
import { encryptPrivateKey } from '../../src/keys/pkcs8.ts';
import { generateKeyPair } from '../../src/keys/pkcs11/key-pair.ts';
import type { NewKeyOptions } from '../../src/keys/pkcs11/new-key.ts';
import { openPkcs11Signer } from '../../src/keys/pkcs11/pkcs11-signer.ts';
import { describeToken } from '../../src/keys/pkcs11/tokens.ts';
import { splitSecret } from '../../src/keys/shares.ts';
import { signerOf } from '../../src/keys/signer.ts';
import { chainOf } from '../../src/x509/chain.ts';
import { type CaDocument, caFormat, formatCaDocument } from './documents.ts';
import { writeNew } from './event.ts';
import type { CaPlan, PlannedAuthority } from './plan-document.ts';
import { type ReadyCaEvent, signReady } from './run.ts';
import { recordShares, writeSheets } from './sheets.ts';

/** The key of a new root, and the secret that opens it, which is shared among the holders. Close it. */
export interface NewRootKey extends Pick<CaDocument, 'keyUri' | 'keyAttributes'> {
  readonly signer: Signer;
  /** The PIN of the token, or the passphrase of the encrypted key. */
  readonly secret: Uint8Array;
  /** Of a key that was made in memory: the file to copy to every place. */
  readonly encrypted: string | undefined;
  close(): void;
}

/**
 * Makes the key of a root in a token, which it never leaves (custody `token`).
 * @throws CER_CA_PIN_PAD if the PIN is typed at the token: it could not be shared
 * @throws as `generateKeyPair`: KEY_TOKEN_LABEL_TAKEN among others
 */
export async function bornInToken(
  options: NewKeyOptions & { readonly algorithm: SignatureAlgorithm },
): Promise<NewRootKey> {
  const { module, token } = options;
  if (token.protectedAuthenticationPath || !token.loginRequired) throw noPin(describeToken(token));
  const typed = await options.pin(module.refresh(token));
  const pin = async () => typed;
  const { uri, keyAttributes } = await generateKeyPair({ ...options, pin });
  const signer = await openPkcs11Signer({ module, uri, pin });
  return {
    signer,
    keyUri: uri,
    keyAttributes,
    secret: utf8(typed),
    encrypted: undefined,
    close: () => signer.close(),
  };
}

/** Makes the key of a root in memory, and encrypts it with a passphrase that nobody knows (custody `shares`). */
export async function bornInMemory(algorithm: SignatureAlgorithm): Promise<NewRootKey> {
  const privateKey = await generatePrivateKey(algorithm);
  const passphrase = generatePassphrase();
  return {
    signer: signerOf(privateKey, 'memory:new-root'),
    keyUri: undefined,
    keyAttributes: undefined,
    secret: utf8(passphrase),
    encrypted: await encryptPrivateKey(privateKey, passphrase),
    close: () => undefined,
  };
}

export interface GenesisPlaces {
  /** A directory for the sheets: on a medium that is destroyed once they are printed. */
  readonly sheets: string;
  /** For the encrypted key of custody `shares`. */
  readonly keyFile: string | undefined;
}

export interface Genesis {
  readonly certificateSha256: string;
  /** Files of the record, without the sheets. */
  readonly written: readonly string[];
  readonly sheets: readonly string[];
}

/**
 * Signs a new root with its own key, shares the secret, and writes everything down; ca.json last, so that an interrupted
 * genesis has made no authority. Nothing that is there is replaced.
 * @throws as `signReady`, `splitSecret`; CORE_FILE_EXISTS
 */
export async function completeGenesis(
  ready: ReadyCaEvent,
  key: NewRootKey,
  { sheets: directory, keyFile }: GenesisPlaces,
): Promise<Genesis> {
  const { plan, planSha256, authority: layout } = ready.event;
  const authority = authorityOf(plan);
  const der = await signReady(ready, key.signer);
  const { set, shares } = await splitSecret({ subject: plan.ca, ...authority.shares, secret: key.secret });
  const certificateSha256 = sha256Hex(der);
  const sheets = await writeSheets(directory, { repository: plan.repository, set, shares, certificateSha256 });
  const keyFiles = keyFile !== undefined && key.encrypted !== undefined ? [keyFile] : [];
  for (const path of keyFiles) await createFile(path, key.encrypted ?? '', { mode: privateFileMode });
  await writeNew(layout.root, chainOf(der).pem);
  const record = await recordShares(layout, set);
  const document: CaDocument = {
    name: plan.ca,
    use: authority.use,
    custody: authority.custody,
    policyUrl: authority.policyUrl,
    algorithm: key.signer.algorithm,
    certificateSha256,
    authorisedBy: plan.authorisedBy,
    rehearsal: plan.rehearsal,
    event: plan.event,
    planSha256,
    created: ready.now,
    keyUri: key.keyUri,
    keyAttributes: key.keyAttributes,
    encryptedKeySha256: key.encrypted === undefined ? undefined : sha256Hex(key.encrypted),
  };
  await writeNew(layout.document, formatCaDocument(caFormat, document));
  return { certificateSha256, written: [...keyFiles, layout.root, record, layout.document], sheets };
}

function authorityOf({ authority, event }: CaPlan): PlannedAuthority {
  if (authority) return authority;
  throw new ToolkitError('CER_CA_PLAN_FILE', {
    message: `${event}: expected what a genesis settles, found nothing`,
    fault: 'input',
    data: { event },
    hint: 'plan another event: sigstead ceremony ca plan',
  });
}

function noPin(what: string): ToolkitError {
  return new ToolkitError('CER_CA_PIN_PAD', {
    message: `${what}: expected a token whose PIN is given by the program, got one that wants none or has a pad for it`,
    fault: 'input',
    data: { what },
    hint: 'the PIN of the root is shared among the holders, so it must pass through here: take another token, or custody: shares',
  });
}
