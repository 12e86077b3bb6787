import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileRoom, type KeyRoom } from '../../../operate/rehearse/holder-keys.ts';
import { People } from '../../../operate/rehearse/people.ts';
import { policyText } from '../../../operate/rehearse/policy-text.ts';
import { Stage } from '../../../operate/rehearse/stage.ts';
import { verbs } from '../../../operate/verbs.ts';
import { readRootPolicy } from '../../../src/config/root-policy.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { unfollowed } from '../../../src/core/moment.ts';
import { silentProgress } from '../../../src/core/progress.ts';
import { projectDirectory } from '../instance.ts';

/** A certificate to be issued: for which service, by which of the offline roots. */
export interface Issued {
  readonly service: string;
  readonly root: string;
  readonly profile: 'fulcio-intermediate' | 'tsa-leaf';
}

/**
 * The people of a root of trust, with keys in files, who do for a deployment what the handbook says: every act is a
 * command line, and whoever types at a prompt reads the screen.
 */
export class Ceremony {
  readonly #stage: Stage;
  readonly #people: People;
  readonly #roots = new Map<string, { readonly opened: readonly string[]; readonly sheets: readonly string[] }>();

  private constructor(stage: Stage, people: People) {
    this.#stage = stage;
    this.#people = people;
  }

  static async begin(scratch: string): Promise<Ceremony> {
    const holderKeys = await fileRoom(join(scratch, 'holder-keys'));
    const stage = new Stage({
      ...{ scratch, verbs, holderKeys, onlineKeys: noKeys },
      surroundings: {
        ...{ version: '0.0.0', environment: {}, clock: systemClock, progress: silentProgress, reached: unfollowed },
        talk: { isTerminal: false, say: () => undefined, warn: () => undefined },
        ask: { line: nobody, secret: nobody },
        signal: new AbortController().signal,
      },
    });
    const policy = await readRootPolicy(join(projectDirectory, 'examples', 'root-signing', 'policy.yaml'));
    const file = stage.path('policy.yaml');
    await writeFile(file, policyText(policy));
    await stage.coordinator('ceremony', 'init', '--name', 'acme', '--policy', file);
    const people = new People(stage, policy);
    for (const id of people.ids) await people.enrol(id);
    return new Ceremony(stage, people);
  }

  get rootSigning(): string {
    return this.#stage.rootSigning;
  }

  /** Makes an offline root and has it certify the public key of a service; returns the chain's file. */
  async certify({ service, root, profile }: Issued, publicKeyFile: string): Promise<string> {
    if (!this.#roots.has(root)) await this.#makeRoot(root, profile === 'tsa-leaf' ? 'tsa-root' : 'fulcio-root');
    const inbox = join(this.rootSigning, 'inbox', `${service}.pub.pem`);
    await mkdir(join(this.rootSigning, 'inbox'), { recursive: true });
    if (publicKeyFile !== inbox) await copyFile(publicKeyFile, inbox);
    const made = this.#roots.get(root);
    this.#stage.sheets = [...(made?.sheets ?? [])];
    const written = await this.#caEvent(`issue-${service}`, made?.opened ?? [], [
      'kind: ca-issue',
      `issuer: ${root}`,
      `profile: ${profile}`,
      `key: inbox/${service}.pub.pem`,
      'days: 365',
      `subject: { organization: acme, commonName: ${service} }`,
    ]);
    const certificate = written.find((path) => path.endsWith('.pem')) ?? '';
    const chain = this.#stage.path('certificates', `${service}.pem`);
    await mkdir(this.#stage.path('certificates'), { recursive: true });
    await writeFile(chain, await firstCertificate(certificate));
    await writeFile(chain, await readFile(join(this.rootSigning, 'cas', root, 'root.pem')), { flag: 'a' });
    return chain;
  }

  get certificates(): string {
    return this.#stage.path('certificates');
  }

  /** Holds the first event, and publishes it; whoever calls has the credentials of the publisher. */
  async genesis(onlineKeyArn: string, store: string): Promise<string> {
    const stage = this.#stage;
    await stage.coordinator('ceremony', 'enroll', '--online', '--signer', `awskms:///${onlineKeyArn}`);
    const intent = stage.path('genesis.yaml');
    await writeFile(intent, 'kind: genesis\nreason: the first root of trust of acme\n');
    await stage.coordinator('ceremony', 'plan', intent, '--event', 'genesis');
    await stage.coordinator('ceremony', 'freeze', 'genesis');
    const packet = stage.path('genesis.packet.json');
    await stage.coordinator('ceremony', 'packet', 'export', 'genesis', '--to', packet);
    for (const { owner, options } of this.#people.quorum(['root'])) {
      const to = stage.path('signatures', owner);
      await stage.holder(owner, 'ceremony', 'review', '--packet', packet);
      const signed = await stage.holder(owner, 'ceremony', 'sign', '--packet', packet, ...options, '--to', to);
      const { signatures } = signed.json as unknown as { signatures: readonly { path: string }[] };
      for (const { path } of signatures) await stage.coordinator('ceremony', 'add-signature', 'genesis', path);
    }
    await stage.coordinator('ceremony', 'assemble', 'genesis');
    await stage.coordinator('ceremony', 'publish', 'genesis', '--to', store);
    return join(this.rootSigning, 'metadata', 'root_history', '1.root.json');
  }

  async #makeRoot(root: string, ca: 'fulcio-root' | 'tsa-root'): Promise<void> {
    const place = await this.#stage.holderKeys.newRoot(root);
    const sheets = this.#stage.path('sheets', root);
    await this.#caEvent(
      `make-${root}`,
      [...place.options, '--sheets', sheets],
      [
        'kind: ca-genesis',
        `ca: ${ca}`,
        `name: ${root}`,
        `custody: ${place.custody}`,
        'years: 10',
        `shares: { threshold: 3, holders: [${this.#people.ids.join(', ')}] }`,
        `subject: { organization: acme, commonName: ${root} }`,
        'policyUrl: https://acme.example/cps/v1.0.html#root-keys',
      ],
    );
    this.#roots.set(root, { opened: place.opened, sheets: await readSheets(sheets) });
  }

  async #caEvent(name: string, options: readonly string[], lines: readonly string[]): Promise<readonly string[]> {
    const stage = this.#stage;
    const [first = '', second = ''] = this.#people.ids;
    const intent = stage.path(`${name}.yaml`);
    const text = [...lines, `reason: ${name}`, `authorisedBy: [${first}, ${second}]`, ''].join('\n');
    await writeFile(intent, text);
    await stage.coordinator('ceremony', 'ca', 'plan', intent, '--event', name);
    for (const id of [first, second]) {
      const key = this.#people.key(id).options;
      await stage.coordinator('ceremony', 'ca', 'authorise', name, ...key, '--allow-network', '--as', id);
    }
    const ran = await stage.coordinator('ceremony', 'ca', 'run', name, ...options, '--allow-network');
    return (ran.json as unknown as { written: readonly string[] }).written;
  }
}

const noKeys: KeyRoom = {
  kind: 'file',
  newKey: async () => [],
  newRoot: async () => ({ custody: 'token', options: [], opened: [] }),
  secretFor: () => undefined,
  close: () => undefined,
};

async function nobody(question: string): Promise<string> {
  throw new Error(`nobody answers: ${question}`);
}

async function firstCertificate(path: string): Promise<string> {
  const [block = ''] =
    /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(await readFile(path, 'utf8')) ?? [];
  return block;
}

/** Reads the sheets as their holders do, each a page of its own. */
async function readSheets(directory: string): Promise<readonly string[]> {
  const names = (await readdir(directory)).sort();
  const pages = await Promise.all(names.map(async (name) => readFile(join(directory, name), 'utf8')));
  return pages.map((page) => [...page.matchAll(/<pre>(.*?)<\/pre>/g)].map(([, line]) => line).join(' '));
}
