import { dirname } from 'node:path';
import { parseBase64, parseUtf8, toHex } from '../core/bytes.ts';
import { sha256 } from '../core/digest.ts';
import { ToolkitError } from '../core/error.ts';
import { readFileIfPresent } from '../core/files.ts';
import { shellWord } from '../core/shell.ts';
import { isSecure } from './fields.ts';
import { assertNoProblems, type Problem } from './problem.ts';

/** Who must cosign the checkpoints of a log, as its server reads it. */
export interface WitnessPolicy {
  /** Absolute path that it was read from. */
  readonly file: string;
  /** What stood there. */
  readonly text: string;
  readonly witnesses: readonly Witness[];
}

export interface Witness {
  readonly name: string;
  /** The prefix of its `add-checkpoint`. */
  readonly url: string;
}

/** It goes into a task definition, which takes 64 KiB. */
const maxPolicyBytes = 16_384;

/**
 * Reads a witness policy (see `parseWitnessPolicy`).
 * @throws CFG_MISSING, CFG_WITNESSES_INVALID, CORE_TOO_LARGE, CORE_ENCODING, CORE_FILE_READ
 */
export async function readWitnessPolicy(file: string): Promise<WitnessPolicy> {
  const bytes = await readFileIfPresent(file, maxPolicyBytes);
  if (bytes !== undefined) return parseWitnessPolicy(parseUtf8(bytes, file), file);
  throw new ToolkitError('CFG_MISSING', {
    message: `${file}: no such witness policy`,
    fault: 'input',
    data: { file },
    hint: `write one, with the keys that your witnesses publish: mkdir -p ${shellWord(dirname(file))} and see witnesses in examples/production.yaml`,
  });
}

/**
 * Parses a witness policy for a log server. What Tessera would read otherwise than its author meant, or not count, is
 * refused: two witnesses of one key or URL, a quorum that stands twice, a `#` behind something.
 * @throws CFG_WITNESSES_INVALID with every problem at once (`data.problems`), each with line, column, message and fix
 * @see https://c2sp.org/tlog-policy
 */
export function parseWitnessPolicy(text: string, file: string): WitnessPolicy {
  const reader = new PolicyReader();
  text.split('\n').forEach((line, index) => {
    reader.read(line, index + 1);
  });
  const { witnesses, problems } = reader.end();
  assertNoProblems(problems, 'CFG_WITNESSES_INVALID', file);
  return { file, text, witnesses };
}

interface Word {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

const keywords = ['log', 'witness', 'group', 'quorum', 'any', 'all', 'none'];

/** A server cleans paths: what it takes for one address must not look like two here. */
const plainUrl = /^https?:\/\/[^/?#@\\%]+(?:\/(?!\.{1,2}(?:\/|$))[^/?#@\\%]+)*\/?$/;

class PolicyReader {
  readonly #problems: Problem[] = [];
  readonly #witnesses: Witness[] = [];
  /** Names of witnesses and groups, which share one space. */
  readonly #names = new Set<string>();
  readonly #members = new Set<string>();
  /** What no two witnesses share, by the name of who has it: upstream asks one of two with a URL, and counts one key twice. */
  readonly #keys = new Map<string, string>();
  readonly #urls = new Map<string, string>();
  #quorum: Word | undefined;
  #lines = 1;

  read(line: string, number: number): void {
    this.#lines = number;
    if (/^[ \t]*(?:#|$)/.test(line)) return;
    const odd = /[^\t\x20-\x7e]|#/.exec(line);
    if (odd) {
      const hint = 'a comment has a line of its own; everything else is ASCII, and lines end in a newline alone';
      this.#refuse(
        'witness-line',
        { text: '', line: number, column: odd.index + 1 },
        `expected no ${named(odd[0])}`,
        hint,
      );
      return;
    }
    const [keyword, ...words] = wordsOf(line, number);
    if (keyword) this.#readLine(keyword, words);
  }

  end(): { readonly witnesses: readonly Witness[]; readonly problems: readonly Problem[] } {
    const end: Word = { text: '', line: this.#lines, column: 1 };
    if (!this.#quorum) {
      this.#refuse('witness-quorum', end, 'expected a quorum, got none', 'say who must cosign: quorum NAME');
    }
    return { witnesses: this.#witnesses, problems: this.#problems };
  }

  #readLine(keyword: Word, words: readonly Word[]): void {
    const [first, second, ...rest] = words;
    switch (keyword.text) {
      case 'witness':
        if (first && second && rest[0] && rest.length === 1) this.#witness(first, second, rest[0]);
        else
          this.#refuse(
            'witness-line',
            keyword,
            'expected witness NAME VKEY URL',
            'the server has to reach it: name its URL',
          );
        return;
      case 'group':
        if (first && second && rest.length > 0) this.#group(first, second, rest);
        else this.#refuse('witness-line', keyword, 'expected group NAME all|any|NUMBER NAME…');
        return;
      case 'quorum':
        if (first && words.length === 1) this.#readQuorum(keyword, first);
        else this.#refuse('witness-line', keyword, 'expected quorum NAME');
        return;
      case 'log':
        // For clients who verify by the same file; the log itself knows who it is.
        if (words.length !== 1 && words.length !== 2) this.#refuse('witness-line', keyword, 'expected log VKEY [URL]');
        return;
      default: {
        const expected = 'expected log, witness, group or quorum';
        this.#refuse('witness-line', keyword, `${expected}, got ${JSON.stringify(keyword.text)}`);
      }
    }
  }

  #witness(name: Word, vkey: Word, url: Word): void {
    this.#define(name);
    const key = this.#keyOf(vkey);
    if (key !== undefined) this.#own('witness-key', 'the key', this.#keys, key, name, vkey);
    if (this.#isUrl(url)) this.#own('witness-url', 'the URL', this.#urls, url.text.replace(/\/$/, ''), name, url);
    this.#witnesses.push({ name: name.text, url: url.text });
  }

  #define(name: Word): void {
    if (keywords.includes(name.text)) {
      this.#refuse('witness-name', name, `expected a name, got the keyword ${name.text}`);
    } else if (this.#names.has(name.text)) {
      this.#refuse('witness-name', name, `expected a name of its own, got ${name.text}, which stands above`);
    }
    this.#names.add(name.text);
  }

  #own(rule: string, what: string, owners: Map<string, string>, value: string, name: Word, at: Word): void {
    const owner = owners.get(value);
    if (owner === undefined) owners.set(value, name.text);
    else
      this.#refuse(
        rule,
        at,
        `expected ${what} of another witness than ${owner}`,
        'one witness counts once: take one out',
      );
  }

  /** Returns the key, without its name: two names would make one witness two. */
  #keyOf(vkey: Word): string | undefined {
    const problem = keyProblem(vkey.text);
    if (problem === undefined) return vkey.text.split('+').slice(2).join('+');
    this.#refuse('witness-key', vkey, problem.message, problem.hint);
    return undefined;
  }

  #isUrl(url: Word): boolean {
    const parsed = URL.parse(url.text);
    const isPlain = parsed !== null && url.text.length <= 1_024 && plainUrl.test(url.text);
    if (isPlain && isSecure(url.text)) return true;
    const hint =
      'http:// is for loopback; a user, a query, a fragment, %, and empty or dotted parts of a path have no place in it';
    this.#refuse('witness-url', url, 'expected the https:// URL of a witness', hint);
    return false;
  }

  #group(name: Word, threshold: Word, members: readonly Word[]): void {
    for (const member of members) {
      this.#refer('witness-group', member);
      if (this.#members.has(member.text)) {
        const hint = 'a witness counts once: a name is in one group, once';
        this.#refuse('witness-group', member, `expected ${member.text} to be in one group`, hint);
      }
      this.#members.add(member.text);
    }
    const { text } = threshold;
    const isThreshold =
      text === 'all' || text === 'any' || (/^[1-9][0-9]?$/.test(text) && Number(text) <= members.length);
    if (!isThreshold) {
      const range = members.length === 1 ? '1' : `a number from 1 to ${members.length}`;
      this.#refuse('witness-group', threshold, `expected all, any or ${range}, got ${JSON.stringify(text)}`);
    }
    this.#define(name);
  }

  #readQuorum(keyword: Word, name: Word): void {
    if (this.#quorum) {
      this.#refuse('witness-quorum', keyword, `expected one quorum, got a second one after line ${this.#quorum.line}`);
    } else if (name.text === 'none') {
      const hint = 'to have no witnesses, take the policy out of sigstead.yaml';
      this.#refuse('witness-quorum', name, 'expected a witness or group, got none', hint);
    } else {
      this.#refer('witness-quorum', name);
    }
    this.#quorum = keyword;
  }

  #refer(rule: string, name: Word): void {
    if (this.#names.has(name.text)) return;
    const hint = 'a line refers to what stands above it';
    this.#refuse(rule, name, `expected a witness or group of a line above, got ${JSON.stringify(name.text)}`, hint);
  }

  #refuse(rule: string, { line, column }: Word, message: string, hint?: string): void {
    this.#problems.push({ rule, line, column, path: '', message, ...(hint !== undefined && { hint }) });
  }
}

function wordsOf(line: string, number: number): readonly Word[] {
  return [...line.matchAll(/[^ \t]+/g)].map((word) => ({ text: word[0], line: number, column: word.index + 1 }));
}

function named(character: string): string {
  return character === '#' ? '#' : `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** An Ed25519 key for cosignature/v1: NAME+HASH+BASE64 of one byte 4 and 32 bytes of key. */
const ed25519CosignatureType = 4;
const keyBytes = 33;

/** @see https://c2sp.org/signed-note and https://c2sp.org/tlog-cosignature */
function keyProblem(vkey: string): { readonly message: string; readonly hint: string } | undefined {
  const hint = 'copy the key that the witness publishes for cosignature/v1, whole';
  const [, name = '', hash, encoded = ''] =
    /^([^+]{1,256})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{1,4096}={0,2})$/.exec(vkey) ?? [];
  const key = decode(encoded);
  if (hash === undefined || key === undefined) return { message: 'expected a key NAME+HASH+BASE64', hint };
  if (key[0] !== ed25519CosignatureType || key.length !== keyBytes) {
    const got = `type ${key[0]} with ${key.length - 1} bytes`;
    return { message: `expected an Ed25519 key for cosignature/v1 (type 4 with 32 bytes), got ${got}`, hint };
  }
  const id = toHex(sha256(`${name}\n`, key).slice(0, 4));
  if (id === hash) return undefined;
  return { message: `expected the hash ${id}, which this name and key have, got ${hash}`, hint };
}

function decode(encoded: string): Uint8Array | undefined {
  try {
    return encoded === '' ? undefined : parseBase64(encoded);
  } catch {
    return undefined;
  }
}
