import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nameOnlineKey } from '../../operate/rehearse/events.ts';
import type { KeyRoom } from '../../operate/rehearse/holder-keys.ts';
import { People } from '../../operate/rehearse/people.ts';
import { pinFirstRoot, runEvent } from '../../operate/rehearse/run-event.ts';
import { Stage } from '../../operate/rehearse/stage.ts';
import { verbs } from '../../operate/verbs.ts';
import type { Outcome } from '../../src/cli/command.ts';
import { parseRootPolicy } from '../../src/config/root-policy.ts';
import { systemClock } from '../../src/core/clock.ts';
import { unfollowed } from '../../src/core/moment.ts';
import { silentProgress } from '../../src/core/progress.ts';
import { createFileKey } from '../../src/keys/file-key.ts';
import { fileKeyUri } from '../../src/keys/key-uri.ts';
import { policyText } from './ceremony-bench.ts';
import { holderIds } from './root-of-trust.ts';

/** The commands that are treated badly, in the order in which a ceremony needs them. */
export const commandsUnderFault = ['sign', 'add-signature', 'assemble', 'publish', 'resign-online'] as const;
export type CommandUnderFault = (typeof commandsUnderFault)[number];

/** It has a new root, another online key and new targets. */
const event = 'rotate';
const thirdHolder = holderIds[2];
const passphrase = 'a passphrase of the tests';

/** One ceremony in a directory of its own, and for each command the state in which it is due. */
export class CeremonyUnderFault {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Holds a first event, and the next one up to its last command; keeps what is there before each. */
  async prepare(): Promise<void> {
    const stage = this.stage('prepared');
    const people = await this.#begin(stage);
    await nameOnlineKey(stage, 'second');
    await people.target('note.txt', (text) => `${text}and another line\n`);
    await writeFile(stage.path('intent.yaml'), 'kind: rotate-online\nreason: yearly\ntargets: true\n');
    await stage.coordinator('ceremony', 'plan', stage.path('intent.yaml'), '--event', event, '--rehearsal');
    await stage.coordinator('ceremony', 'freeze', event);
    await stage.coordinator('ceremony', 'packet', 'export', event, '--to', packetOf(stage));
    for (const holder of holderIds.slice(0, 2)) await this.#sign(stage, holder);
    await this.#keep(stage, 'sign');
    await this.run(stage, 'sign');
    await this.#add(stage, 'targets');
    for (const command of commandsUnderFault.slice(1)) {
      await this.#keep(stage, command);
      await this.run(stage, command);
    }
  }

  /** Makes a new copy of the state in which a command is due. */
  async copy(command: CommandUnderFault, name: string): Promise<Stage> {
    const stage = this.stage(name);
    await rm(stage.path(), { recursive: true, force: true });
    await cp(join(this.#directory, 'templates', command), stage.path(), { recursive: true });
    return stage;
  }

  /** Returns the stage of a copy. */
  stage(name: string): Stage {
    return new Stage({
      scratch: join(this.#directory, name),
      verbs,
      surroundings: {
        version: '0.0.0',
        environment: { HOME: this.#directory },
        talk: { isTerminal: false, say: () => undefined, warn: () => undefined },
        ask: { line: neverAsked, secret: neverAsked },
        progress: silentProgress,
        signal: new AbortController().signal,
        clock: systemClock,
        reached: unfollowed,
      },
      holderKeys: this.#keyRoom((owner) => owner),
      onlineKeys: this.#keyRoom((_, label) => label),
    });
  }

  /** Runs a command where it is due, or where it was interrupted. */
  async run(stage: Stage, command: CommandUnderFault): Promise<Outcome> {
    const verb = ['ceremony', command] as const;
    const store = ['--to', join(stage.path(), 'published')] as const;
    switch (command) {
      case 'sign':
        return await stage.coordinator(...verb, ...this.#signing(stage, thirdHolder), '--to', stage.path('out'));
      case 'add-signature':
        return await this.#add(stage, 'root');
      case 'assemble':
        return await stage.coordinator(...verb, event);
      case 'publish':
        return await stage.coordinator(...verb, event, ...store);
      case 'resign-online':
        return await stage.coordinator(...verb, ...store, '--force');
    }
  }

  /** Does what the ceremony needs next, once a command that was interrupted was repeated. */
  async goOn(stage: Stage, command: CommandUnderFault): Promise<void> {
    if (command === 'sign') {
      for (const role of ['root', 'targets'] as const) await this.#add(stage, role);
    }
    if (command === 'sign' || command === 'add-signature') await this.run(stage, 'assemble');
    if (command === 'assemble') await this.run(stage, 'publish');
    await stage.coordinator('ceremony', 'transcript', 'verify', event);
  }

  async #begin(stage: Stage): Promise<People> {
    await mkdir(stage.path(), { recursive: true });
    await mkdir(join(this.#directory, 'keys'));
    await writeFile(stage.path('policy.yaml'), policyText());
    await stage.coordinator('ceremony', 'init', '--name', 'test', '--policy', stage.path('policy.yaml'));
    await nameOnlineKey(stage, 'first');
    const people = new People(stage, parseRootPolicy(policyText(), 'policy.yaml'));
    await people.target('note.txt', () => 'a line\n');
    for (const id of people.ids) await people.enrol(id);
    await runEvent(stage, people, { kind: 'genesis', intent: '', prepare: async () => [] });
    await pinFirstRoot(stage);
    return people;
  }

  async #sign(stage: Stage, holder: string): Promise<void> {
    const to = stage.path('signatures', holder);
    const { json } = await stage.coordinator('ceremony', 'sign', ...this.#signing(stage, holder), '--to', to);
    const { signatures } = json as unknown as { signatures: readonly { path: string }[] };
    for (const { path } of signatures) await stage.coordinator('ceremony', 'add-signature', event, path);
  }

  /** Adds what the third holder signed. */
  async #add(stage: Stage, role: 'root' | 'targets'): Promise<Outcome> {
    const name = (await readdir(stage.path('out'))).find((each) => each.startsWith(`${role}.`)) ?? '';
    return await stage.coordinator('ceremony', 'add-signature', event, stage.path('out', name));
  }

  #signing(stage: Stage, holder: string): readonly string[] {
    const key = fileKeyUri(join(this.#directory, 'keys', `${holder}.pem`));
    const home = stage.path('machines', holder);
    return ['--packet', packetOf(stage), '--signer', key, '--home', home, '--allow-network'];
  }

  async #keep(stage: Stage, command: CommandUnderFault): Promise<void> {
    await cp(stage.path(), join(this.#directory, 'templates', command), { recursive: true });
  }

  /** Keys that any process can use which knows the directory. */
  #keyRoom(nameOf: (owner: string, label: string) => string): KeyRoom {
    return {
      kind: 'file',
      newKey: async (owner, label) => {
        const path = join(this.#directory, 'keys', `${nameOf(owner, label)}.pem`);
        await createFileKey({ path, passphrase, algorithm: 'ecdsa-p256-sha256' });
        return ['--signer', fileKeyUri(path)];
      },
      newRoot: async (name) => await neverAsked(`the key of ${name}`),
      secretFor: () => passphrase,
      close: () => undefined,
    };
  }
}

function packetOf(stage: Stage): string {
  return stage.path('packet.json');
}

async function neverAsked(question: string): Promise<never> {
  throw new TypeError(`nobody is there to be asked: ${question}`);
}
