import { createPublicKey } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { attestationPolicyOf } from '../../ceremony/attestation-policy.ts';
import { addAuthorisation, authorise } from '../../ceremony/ca/authorisation.ts';
import type { Authority } from '../../ceremony/ca/authority.ts';
import { type CaEvent, openCaEvent } from '../../ceremony/ca/event.ts';
import { completeGenesis, type NewRootKey } from '../../ceremony/ca/genesis.ts';
import { type CaRoom, openCaRoom, planNewCaEvent } from '../../ceremony/ca/plan-event.ts';
import { issueReady, type ReadyCaEvent, readyCaEvent } from '../../ceremony/ca/run.ts';
import { acceptEnrolment, writeInvitation } from '../../ceremony/holders/accept.ts';
import { formatEnrolment } from '../../ceremony/holders/enrolment.ts';
import { makeInvitation } from '../../ceremony/holders/invitation.ts';
import { enrol } from '../../ceremony/holders/proof.ts';
import { RootSigningLayout } from '../../ceremony/root-signing/layout.ts';
import { parseCaIntent } from '../../src/config/ca-intent.ts';
import { utf8 } from '../../src/core/bytes.ts';
import type { Signer } from '../../src/core/signer.ts';
import { type Share, splitSecret } from '../../src/keys/shares.ts';
import { CeremonyBench } from './ceremony-bench.ts';
import { now, seededSigner } from './root-of-trust.ts';
import { memorySigner } from './signers.ts';

const p384 = new Map<string, Signer>();

/** A P-384 signer; the same for the same name within a run, since making one takes time. */
export function rootSigner(name: string): Signer {
  const signer = p384.get(name) ?? memorySigner('ecdsa-p384-sha384', name);
  p384.set(name, signer);
  return signer;
}

export const policyUrl = 'https://acme.example/cps/v1.2.html#root-keys';

export interface GenesisIntent {
  readonly ca?: 'fulcio-root' | 'tsa-root';
  readonly name?: string;
  readonly custody?: 'token' | 'shares';
  readonly change?: (text: string) => string;
}

export function genesisIntent(intent: GenesisIntent = {}): string {
  const { ca = 'fulcio-root', name = ca, custody = 'shares', change = (text: string) => text } = intent;
  return change(`kind: ca-genesis
reason: begin
authorisedBy: [alice, bob]
ca: ${ca}
name: ${name}
custody: ${custody}
subject: { organization: Acme, commonName: Acme ${name} }
years: 20
shares: { threshold: 3, holders: [alice, bob, carol, dave, erin] }
policyUrl: ${policyUrl}
`);
}

export function issueIntent(profile = 'fulcio-intermediate', issuer = 'fulcio-root'): string {
  return `kind: ca-issue
reason: a server begins
authorisedBy: [alice, bob]
issuer: ${issuer}
profile: ${profile}
key: inbox/server.pem
subject: { organization: Acme, commonName: Acme ${profile} }
days: 1000
`;
}

export function crossIntent(by: string, of: string): string {
  return `kind: ca-cross-sign\nreason: a standby\nauthorisedBy: [alice, bob]\nby: ${by}\nof: cas/${of}/root.pem\n`;
}

export function retireIntent(ca: string): string {
  return `kind: ca-retire\nreason: has served its time\nauthorisedBy: [bob, carol]\nca: ${ca}\n`;
}

type Files = ReadonlyMap<string, string>;

/** Enrolling takes time, and every bench begins alike. */
let enrolled: Promise<Files> | undefined;
let rooted: Promise<Files> | undefined;

/** `root-signing/` of five enrolled holders, in which offline authorities are made; the clock stands still. */
export class CaBench implements AsyncDisposable {
  readonly layout: RootSigningLayout;
  now = now;

  private constructor(directory: string) {
    this.layout = new RootSigningLayout(directory);
  }

  static async begin(): Promise<CaBench> {
    enrolled ??= CeremonyBench.begin().then(taken);
    return await CaBench.#with(await enrolled);
  }

  /** With an authority `fulcio-root`, whose key is `rootSigner('fulcio-root')`. */
  static async withRoot(): Promise<CaBench> {
    rooted ??= CaBench.begin().then(async (bench) => {
      await bench.genesis();
      return await taken(bench);
    });
    return await CaBench.#with(await rooted);
  }

  static async #with(files: Files): Promise<CaBench> {
    const bench = new CaBench(await mkdtemp(join(tmpdir(), 'sigstead-ca-')));
    for (const [path, text] of files) await bench.file(path, text);
    return bench;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Of all that were made here. */
  get sheets(): string {
    return join(this.directory, 'sheets');
  }

  get directory(): string {
    return this.layout.directory;
  }

  async room(): Promise<CaRoom> {
    return await openCaRoom(this.layout);
  }

  async authority(name: string): Promise<Authority> {
    const authority = (await this.room()).authorities.get(name);
    if (!authority) throw new Error(`no authority ${name}`);
    return authority;
  }

  /** Enrols another key for a holder. */
  async enrol(id: string, signer: Signer): Promise<void> {
    const { identity, policy } = await this.room();
    const rules = attestationPolicyOf(policy);
    const holder = { id, name: `${id} Example` };
    const invitation = makeInvitation({ repository: identity, holder, keys: 'all', now: this.now, validDays: 14 });
    await writeInvitation(this.directory, invitation);
    const enrolment = await enrol({ invitation, signer, device: { kind: 'file' }, now: this.now });
    const options = { repository: identity.id, policy: rules, now: this.now };
    await acceptEnrolment(this.directory, utf8(formatEnrolment(enrolment)), options);
  }

  /** Puts the public key of a server where the intents look for it. */
  async serverKey(signer: Signer): Promise<void> {
    const pem = createPublicKey(signer.publicKey.export({ type: 'spki', format: 'pem' }));
    await this.file('inbox/server.pem', pem.export({ type: 'spki', format: 'pem' }).toString());
  }

  async file(path: string, text: string): Promise<void> {
    const full = join(this.directory, path);
    await mkdir(join(full, '..'), { recursive: true });
    await writeFile(full, text);
  }

  async plan(event: string, intent: string): Promise<CaEvent> {
    const options = { intent: parseCaIntent(intent, 'ca-intent.yaml'), event, now: this.now, rehearsal: false };
    return await planNewCaEvent(await this.room(), options);
  }

  async authorise(name: string, ...ids: readonly string[]): Promise<CaEvent> {
    const event = await openCaEvent(this.layout, name);
    const { holders } = await this.room();
    for (const id of ids) await addAuthorisation(event, await authorise(event, seededSigner(id), holders), holders);
    return event;
  }

  async ready(name: string): Promise<ReadyCaEvent> {
    return await readyCaEvent(await openCaEvent(this.layout, name), await this.room(), this.now);
  }

  /** A whole genesis with a key in memory. */
  async genesis(intent: GenesisIntent = {}, signer?: Signer): Promise<Authority> {
    const name = intent.name ?? intent.ca ?? 'fulcio-root';
    const event = await this.plan(name, genesisIntent(intent));
    await this.authorise(name, ...event.plan.authorisedBy);
    const places = { sheets: this.sheets, keyFile: undefined };
    await completeGenesis(await this.ready(name), newKey(signer ?? rootSigner(name)), places);
    return await this.authority(name);
  }

  /** A whole event that signs a certificate, with the key of the authority that genesis made; returns the path. */
  async issue(name: string, intent: string, signer: Signer): Promise<string> {
    await this.plan(name, intent);
    await this.authorise(name, 'alice', 'bob');
    return (await issueReady(await this.ready(name), signer)).path;
  }
}

/** Returns the files of a bench, and ends it. */
async function taken(bench: AsyncDisposable & { readonly layout: RootSigningLayout }): Promise<Files> {
  await using ended = bench;
  const { directory } = ended.layout;
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = files.map(async (path) => [relative(directory, path), await readFile(path, 'utf8')] as const);
  return new Map(await Promise.all(read));
}

export const secret = 'correct horse battery staple';

export function newKey(signer: Signer): NewRootKey {
  const none = { keyUri: undefined, keyAttributes: undefined, encrypted: undefined };
  return { signer, secret: utf8(secret), ...none, close: () => undefined };
}

/** New shares of the secret of an authority, and the authority with them. */
export async function withShares(authority: Authority): Promise<{ authority: Authority; shares: readonly Share[] }> {
  const holders = ['alice', 'bob', 'carol', 'dave', 'erin'];
  const options = { subject: authority.name, threshold: 3, holders, secret: utf8(secret) };
  const { set, shares } = await splitSecret(options);
  return { authority: { ...authority, shares: [set] }, shares };
}

/** A signer that tells how often it was asked. */
export function countedSigner(signer: Signer): Signer & { readonly calls: () => number } {
  let calls = 0;
  return {
    ...signer,
    calls: () => calls,
    sign: async (message) => {
      calls += 1;
      return await signer.sign(message);
    },
  };
}
