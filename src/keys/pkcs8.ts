import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  type KeyObject,
  pbkdf2,
  randomBytes,
  scrypt,
} from 'node:crypto';
import { concat, equalBytes } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';
import {
  contentOf,
  type DerElement,
  DerError,
  derTag,
  readDer,
  readInteger,
  readSequence,
  writeInteger,
  writeOctetString,
  writeOid,
  writeSequence,
} from './der.ts';
import { encryptHint, formatPem, parsePem } from './pem.ts';

const oid = {
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  scrypt: '1.3.6.1.4.1.11591.4.11',
  hmacWithSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
};

/** The most memory that OpenSSL and Node spend on scrypt without being told to: N = 16384 at r = 8. */
const scryptCost = { N: 16_384, r: 8, p: 1 };
const maxPbkdf2Iterations = 10_000_000;
const keyBytes = 32;

/** How a passphrase becomes the AES key. */
type Kdf =
  | { readonly name: 'scrypt'; readonly salt: Uint8Array; readonly N: number; readonly r: number; readonly p: number }
  | { readonly name: 'pbkdf2'; readonly salt: Uint8Array; readonly iterations: number };

interface EncryptedKey {
  readonly kdf: Kdf;
  readonly iv: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/**
 * Encrypts a private key as PKCS#8 PEM: PBES2 with scrypt (RFC 7914 §7) and AES-256-CBC, which Node, OpenSSL and the
 * Go servers read. Node's own export offers only PBKDF2 with 2,048 rounds.
 * @see https://www.rfc-editor.org/rfc/rfc8018#section-6.2
 */
export async function encryptPrivateKey(privateKey: KeyObject, passphrase: string): Promise<string> {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const key = await deriveKey({ name: 'scrypt', salt, ...scryptCost }, passphrase);
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const plaintext = privateKey.export({ type: 'pkcs8', format: 'der' });
  const ciphertext = concat(cipher.update(plaintext), cipher.final());
  const { N, r, p } = scryptCost;
  const kdf = writeSequence(
    writeOid(oid.scrypt),
    writeSequence(writeOctetString(salt), writeInteger(N), writeInteger(r), writeInteger(p)),
  );
  const scheme = writeSequence(writeOid(oid.aes256Cbc), writeOctetString(iv));
  const algorithm = writeSequence(writeOid(oid.pbes2), writeSequence(kdf, scheme));
  return formatPem('ENCRYPTED PRIVATE KEY', writeSequence(algorithm, writeOctetString(ciphertext)));
}

/**
 * Decrypts what `encryptPrivateKey`, OpenSSL or Node wrote. The slow part runs off the main thread.
 * @param what names the key in errors: its path
 * @throws KEY_FORMAT if it is not an encrypted PKCS#8 key, or one encrypted in a way we do not read
 * @throws KEY_UNENCRYPTED if anybody who has the file has the key
 * @throws KEY_PASSPHRASE
 */
export async function decryptPrivateKey(pem: string, passphrase: string, what: string): Promise<KeyObject> {
  const encrypted = parseEncryptedKey(pem, what);
  const plaintext = decrypt(encrypted, await deriveKey(encrypted.kdf, passphrase), what);
  try {
    return createPrivateKey({ key: Buffer.from(plaintext), format: 'der', type: 'pkcs8' });
  } catch (cause) {
    throw new ToolkitError('KEY_ALGORITHM', {
      message: `${what}: the key was decrypted but is of a kind that cannot be used`,
      fault: 'input',
      data: { what },
      hint: 'make a new key: ECDSA P-256, ECDSA P-384 or Ed25519',
      cause,
    });
  }
}

function parseEncryptedKey(pem: string, what: string): EncryptedKey {
  const { label, bytes } = parsePem(pem, what);
  if (label.endsWith('PRIVATE KEY') && label !== 'ENCRYPTED PRIVATE KEY') throw unencrypted(what);
  try {
    if (label !== 'ENCRYPTED PRIVATE KEY') throw new DerError(`expected "ENCRYPTED PRIVATE KEY", got "${label}"`);
    return readEncryptedKey(bytes);
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    throw new ToolkitError('KEY_FORMAT', {
      message: `${what}: expected a PKCS#8 key encrypted with AES-256-CBC and scrypt or PBKDF2 (${cause.message})`,
      fault: 'input',
      data: { what, reason: cause.message },
      hint: encryptHint,
      cause,
    });
  }
}

function readEncryptedKey(bytes: Uint8Array): EncryptedKey {
  const [algorithm, ciphertext] = readSequence(readDer(bytes));
  const [kdf, scheme] = readSequence(readAlgorithm(algorithm, oid.pbes2, 'PBES2'));
  const iv = contentOf(readAlgorithm(scheme, oid.aes256Cbc, 'AES-256-CBC'), derTag.octetString);
  if (iv.length !== 16) throw new DerError(`expected an IV of 16 bytes, got ${iv.length}`);
  return { kdf: readKdf(kdf), iv, ciphertext: contentOf(ciphertext, derTag.octetString) };
}

function readKdf(element: DerElement | undefined): Kdf {
  const [id] = readSequence(element);
  return isOid(id, oid.pbkdf2)
    ? readPbkdf2(readAlgorithm(element, oid.pbkdf2, 'PBKDF2'))
    : readScrypt(readAlgorithm(element, oid.scrypt, 'scrypt'));
}

function readScrypt(parameters: DerElement | undefined): Kdf {
  const [salt, cost, blockSize, parallel] = readSequence(parameters);
  const [N, r, p] = [readInteger(cost), readInteger(blockSize), readInteger(parallel)];
  const isPowerOfTwo = N > 1 && (N & (N - 1)) === 0;
  if (!isPowerOfTwo || N > scryptCost.N || r !== scryptCost.r || p < 1 || p > 8) {
    throw new DerError(`expected scrypt with N at most 16384 and r = 8, got N = ${N}, r = ${r}, p = ${p}`);
  }
  return { name: 'scrypt', salt: contentOf(salt, derTag.octetString), N, r, p };
}

function readPbkdf2(parameters: DerElement | undefined): Kdf {
  const [salt, count, ...rest] = readSequence(parameters);
  const [length, prf] = rest[0]?.tag === derTag.integer ? rest : [undefined, rest[0]];
  readAlgorithm(prf, oid.hmacWithSha256, 'PBKDF2 with HMAC-SHA-256');
  const iterations = readInteger(count);
  if (iterations < 1 || iterations > maxPbkdf2Iterations) {
    throw new DerError(`expected at most ${maxPbkdf2Iterations} rounds of PBKDF2, got ${iterations}`);
  }
  if (length !== undefined && readInteger(length) !== keyBytes)
    throw new DerError(`expected a key of ${keyBytes} bytes`);
  return { name: 'pbkdf2', salt: contentOf(salt, derTag.octetString), iterations };
}

/** Reads an AlgorithmIdentifier that must be this one, and returns its parameters. */
function readAlgorithm(element: DerElement | undefined, dotted: string, name: string): DerElement | undefined {
  const [id, parameters] = readSequence(element);
  if (!isOid(id, dotted)) throw new DerError(`expected ${name}`);
  return parameters;
}

function isOid(element: DerElement | undefined, dotted: string): boolean {
  return equalBytes(contentOf(element, derTag.oid), readDer(writeOid(dotted)).content);
}

async function deriveKey(kdf: Kdf, passphrase: string): Promise<Uint8Array> {
  return await new Promise((resolve, reject) => {
    const done = (error: Error | null, key: Buffer) => (error ? reject(error) : resolve(key));
    if (kdf.name === 'pbkdf2') pbkdf2(passphrase, kdf.salt, kdf.iterations, keyBytes, 'sha256', done);
    else scrypt(passphrase, kdf.salt, keyBytes, { N: kdf.N, r: kdf.r, p: kdf.p }, done);
  });
}

function decrypt(encrypted: EncryptedKey, key: Uint8Array, what: string): Uint8Array {
  try {
    const decipher = createDecipheriv('aes-256-cbc', key, encrypted.iv);
    const plaintext = concat(decipher.update(encrypted.ciphertext), decipher.final());
    // One wrong key in 256 yields valid padding; none yields an ASN.1 element that fills the rest exactly.
    readSequence(readDer(plaintext));
    return plaintext;
  } catch (cause) {
    throw new ToolkitError('KEY_PASSPHRASE', {
      message: `${what}: the passphrase does not open this key`,
      fault: 'input',
      data: { what },
      hint: 'give the passphrase that the key was created with; without it the key is lost',
      cause,
    });
  }
}

function unencrypted(what: string): ToolkitError {
  return new ToolkitError('KEY_UNENCRYPTED', {
    message: `${what}: expected an encrypted private key, got one that anybody who has the file can use`,
    fault: 'input',
    data: { what },
    hint: encryptHint,
  });
}
