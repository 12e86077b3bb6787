import { join } from 'node:path';
import { parseUtf8, utf8 } from '../src/core/bytes.ts';
import { createFile, makePrivateDirectory, pathExists, privateFileMode, readSecretFile } from '../src/core/files.ts';
import { type Reached, unfollowed } from '../src/core/moment.ts';
import type { SignatureAlgorithm, Signer } from '../src/core/signer.ts';
import { createFileKey, decryptFileKey, generatePassphrase, openFileKey } from '../src/keys/file-key.ts';

/**
 * The file keys of a local instance: encrypted PKCS#8, each with a random passphrase in a file of its own beside it.
 * The key that a service signs with is named as the service is.
 *
 * Threat: the passphrase lies next to the key, so this protects a key file that was copied alone (a backup, an
 * attachment), and nothing against somebody who reads the state directory.
 */
export class KeyStore {
  readonly #directory: string;
  readonly #reached: Reached;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(directory: string, reached: Reached = unfollowed) {
    this.#directory = directory;
    this.#reached = reached;
  }

  path(name: string): string {
    return join(this.#directory, `${name}.pem`);
  }

  /** Opens a key, or makes it if neither it nor a passphrase for it is there yet. */
  async ensure(name: string, algorithm: SignatureAlgorithm): Promise<Signer> {
    await makePrivateDirectory(this.#directory);
    if (await pathExists(this.path(name))) return await this.open(name);
    // The passphrase first: a crash between the two leaves one without a key, which the next run uses.
    if (!(await pathExists(this.#passphraseFile(name)))) {
      await createFile(this.#passphraseFile(name), utf8(generatePassphrase()), { mode: privateFileMode });
    }
    const passphrase = await this.passphrase(name);
    const signer = await this.#inTurn(() => createFileKey({ path: this.path(name), algorithm, passphrase }));
    this.#reached('key-made', name);
    return signer;
  }

  async open(name: string): Promise<Signer> {
    const passphrase = await this.passphrase(name);
    return await this.#inTurn(() => openFileKey({ path: this.path(name), passphrase }));
  }

  async passphrase(name: string): Promise<string> {
    return parseUtf8(await readSecretFile(this.#passphraseFile(name)), this.#passphraseFile(name)).trim();
  }

  /** Returns the key as PEM without encryption, for a server that cannot read another form. Never write it to disk. */
  async decrypted(name: string, as: 'pkcs8' | 'sec1'): Promise<string> {
    const passphrase = await this.passphrase(name);
    return await this.#inTurn(() => decryptFileKey({ path: this.path(name), passphrase, as }));
  }

  /** One key derivation at a time: each takes 16 MiB, and a start opens them all. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return await result;
  }

  #passphraseFile(name: string): string {
    return join(this.#directory, `${name}.passphrase`);
  }
}
