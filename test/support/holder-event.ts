import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatSteps, scriptOf } from '../../ceremony/event/script.ts';
import { formatPacket } from '../../ceremony/packet/packet.ts';
import { dayMs } from '../../src/core/clock.ts';
import type { Signer } from '../../src/core/signer.ts';
import { createFileKey, generatePassphrase, openFileKey } from '../../src/keys/file-key.ts';
import { fileKeyUri } from '../../src/keys/key-uri.ts';
import { type OpenedSigner, openSigner } from '../../src/keys/open-signer.ts';
import { initToken } from '../../src/keys/pkcs11/init-token.ts';
import { generateKeyPair } from '../../src/keys/pkcs11/key-pair.ts';
import { Pkcs11Module } from '../../src/keys/pkcs11/module.ts';
import { signerOf } from '../../src/keys/signer.ts';
import { CeremonyBench, policyText } from './ceremony-bench.ts';
import { holderIds, seededSigner } from './root-of-trust.ts';
import { exportEnvironment, type SoftHsm, softHsm } from './soft-hsm.ts';

export const eventName = 'renew';
export const userPin = '123456';

/**
 * An event that waits for signatures, of holders whose keys are where the toolkit does not reach: alice has a PEM file
 * with a P-256 key, bob a token, carol a PEM file with an Ed25519 key, and erin a file of ours.
 */
export class HolderEvent implements AsyncDisposable {
  readonly directory: string;
  readonly bench: CeremonyBench;
  readonly hsm: SoftHsm;

  private constructor(directory: string, bench: CeremonyBench, hsm: SoftHsm) {
    this.directory = directory;
    this.bench = bench;
    this.hsm = hsm;
  }

  static async frozen(): Promise<HolderEvent> {
    const directory = await mkdtemp(join(tmpdir(), 'sigstead-event-'));
    const hsm = await softHsm(directory);
    const event = new HolderEvent(directory, await CeremonyBench.begin([]), hsm);
    await event.#prepare();
    return event;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bench[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  get packet(): string {
    return this.path('packet.json');
  }

  get root(): string {
    return this.path('1.root.json');
  }

  /** URI of the key that is in a file. */
  get fileKey(): string {
    return fileKeyUri(this.path('erin.key'));
  }

  get passphrase(): string {
    return this.path('erin.passphrase');
  }

  async #prepare(): Promise<void> {
    const { bench } = this;
    // The script goes by the time of the machine.
    const now = new Date(Math.floor(Date.now() / 1000) * 1000);
    bench.now = new Date(now.getTime() - dayMs);
    await bench.policy(policyText());
    const token = await this.#tokenKey('bob');
    const keys = new Map<string, Signer>([
      ['alice', await this.#pemKey('alice', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)],
      ['bob', token],
      ['carol', await this.#pemKey('carol', generateKeyPairSync('ed25519').privateKey)],
      ['erin', await this.#fileKey()],
    ]);
    for (const id of holderIds) await bench.enrol(id, keys.get(id) ?? seededSigner(id));
    await bench.run('genesis', 'kind: genesis\nreason: begin\n');
    bench.now = now;
    await bench.plan(eventName, 'kind: renew\nreason: yearly\n');
    await bench.freeze(eventName);
    await writeFile(bench.layout.event(eventName).steps, formatSteps(scriptOf(await bench.review(eventName))));
    token.close();
    await writeFile(this.packet, formatPacket(await bench.packet(eventName)));
    await writeFile(this.root, bench.store.files.get('1.root.json') ?? '');
  }

  async #pemKey(id: string, privateKey: KeyObject): Promise<Signer> {
    await writeFile(this.path(`${id}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    return signerOf(privateKey, `memory:${id}`);
  }

  async #fileKey(): Promise<Signer> {
    const passphrase = generatePassphrase();
    await writeFile(this.passphrase, passphrase, { mode: 0o600 });
    await createFileKey({ path: this.path('erin.key'), passphrase, algorithm: 'ecdsa-p256-sha256' });
    return await openFileKey({ path: this.path('erin.key'), passphrase });
  }

  async #tokenKey(label: string): Promise<OpenedSigner> {
    exportEnvironment(this.hsm);
    const module = await Pkcs11Module.open(this.hsm.modulePath);
    const slot = module.listTokens().find(({ initialised }) => !initialised)?.slot ?? -1;
    const pin = async () => userPin;
    const token = await initToken({ module, slot, label, soPin: '87654321', userPin });
    await generateKeyPair({ module, token, label: 'root', algorithm: 'ecdsa-p256-sha256', pin });
    module.close();
    const secrets = { passphrase: async () => '', pin };
    return await openSigner(`pkcs11:token=${label};object=root`, secrets, { modulePath: this.hsm.modulePath });
  }
}
