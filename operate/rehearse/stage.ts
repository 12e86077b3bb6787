import { join } from 'node:path';
import type { Ask, Outcome, Verb } from '../../src/cli/command.ts';
import { invoke, type Surroundings } from '../../src/cli/invoke.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { makePrivateDirectory } from '../../src/core/files.ts';
import type { KeyRoom } from './holder-keys.ts';

export interface StageOptions {
  /** A directory of the rehearsal's own; nothing outside it is touched. */
  readonly scratch: string;
  readonly verbs: readonly Verb[];
  readonly surroundings: Surroundings;
  readonly holderKeys: KeyRoom;
  readonly onlineKeys: KeyRoom;
}

/** The scratch copy of everything, with people who type what they are asked for. Every act is a command line. */
export class Stage {
  readonly holderKeys: KeyRoom;
  readonly onlineKeys: KeyRoom;
  /** Every command line that was run, in order. */
  readonly commands: string[][] = [];
  /** What the scanner of the coordinator types next. */
  scanned = '';
  readonly #options: StageOptions;

  constructor(options: StageOptions) {
    this.#options = options;
    this.holderKeys = options.holderKeys;
    this.onlineKeys = options.onlineKeys;
  }

  get rootSigning(): string {
    return join(this.#options.scratch, 'root-signing');
  }

  /** What is published. */
  get published(): string {
    return join(this.#options.scratch, 'published');
  }

  /** The first root, once there is one: what clients pin, and holders who have seen none yet. */
  firstRoot: string | undefined;
  readonly #introduced = new Set<string>();

  /** Returns the options with which somebody says, once, which root they know from elsewhere. */
  introduce(id: string): readonly string[] {
    if (this.firstRoot === undefined || this.#introduced.has(id)) return [];
    this.#introduced.add(id);
    return ['--pinned-root', this.firstRoot];
  }

  /** What travels between the machines. */
  path(...names: readonly string[]): string {
    return join(this.#options.scratch, ...names);
  }

  /** Runs a command on the coordinator's machine. */
  async coordinator(...words: readonly string[]): Promise<Outcome> {
    const dir = words.includes('--dir') || !takesDirectory(words) ? [] : ['--dir', this.rootSigning];
    return await this.#run('coordinator', [...words, ...dir]);
  }

  /** Runs a command on a holder's own machine, which has a memory and a network of its own. */
  async holder(id: string, ...words: readonly string[]): Promise<Outcome> {
    const home = this.path('machines', id);
    await makePrivateDirectory(home);
    const own = words[1] === 'review' || words[1] === 'sign' ? ['--home', home, '--allow-network'] : [];
    return await this.#run(id, [...words, ...own]);
  }

  async #run(actor: string, words: readonly string[]): Promise<Outcome> {
    const { verbs, surroundings } = this.#options;
    this.commands.push([...words]);
    const shown: string[] = [];
    const talk = {
      ...surroundings.talk,
      say: (line: string) => void shown.push(line),
      warn: (line: string) => void shown.push(line),
    };
    const environment = { ...surroundings.environment, USER: actor };
    return await invoke(verbs, words, { ...surroundings, environment, talk, ask: this.#person(shown) });
  }

  /** The sheets that are opened next, in this order. */
  sheets: string[] = [];

  #sheet(question: string): string | undefined {
    return question.startsWith('sheet ') ? this.sheets.shift() : undefined;
  }

  /** A person who reads the screen: words come from what was shown, not from what is signed. */
  #person(shown: readonly string[]): Ask {
    return {
      line: async (question) => {
        const [, what = '', place = ''] = /^(.+): type word (\d+) of 32$/.exec(question) ?? [];
        if (what !== '') return wordShown(shown, what, Number(place));
        if (question === 'text of the QR code') return this.scanned;
        return /^type "(.+)"$/.exec(question)?.[1] ?? unexpected(question);
      },
      secret: async (question) =>
        this.#sheet(question) ??
        this.holderKeys.secretFor(question) ??
        this.onlineKeys.secretFor(question) ??
        unexpected(question),
    };
  }
}

const withoutDirectory = ['verify', 'review', 'sign', 'rehearse'];

function takesDirectory([, verb = '', more = '']: readonly string[]): boolean {
  return !withoutDirectory.includes(verb) && !(verb === 'packet' && more === 'import');
}

/** Of a payload, below its digest; of an event of an authority, below the digest of its plan. */
function wordShown(shown: readonly string[], what: string, place: number): string {
  const lines = shown.join('\n').split('\n');
  const [payload, plan] = [`SIGNED BYTES ${what.replace(' ', '.')} `, '  plan    sha256 '];
  const start =
    lines.findIndex((line) => line.includes(payload)) + 1 || lines.findIndex((line) => line.startsWith(plan));
  const words = lines
    .slice(start + 1, start + 5)
    .join(' ')
    .replace(/\bwords\b/, '')
    .trim()
    .split(/\s+/);
  return words[place - 1] ?? unexpected(`word ${place} of ${what}`);
}

function unexpected(question: string): never {
  throw new ToolkitError('OPS_REHEARSAL_QUESTION', {
    message: `rehearsal: nobody on stage knows the answer to: ${question}`,
    fault: 'caller',
    data: { question },
  });
}
