import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectDirectory } from './instance.ts';

/** Says where something is, not what is done: a rehearsal has other places than a reader. */
const places = [
  '--dir',
  '--home',
  '--allow-network',
  '--as',
  '--json',
  '--module',
  '--policy',
  '--keep',
  '--rehearsal',
];

/** Returns every command line of the toolkit in the shell blocks of a document, by its words. */
export async function commandsOfHandbook(file: string): Promise<readonly (readonly string[])[]> {
  const text = await readFile(join(projectDirectory, file), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  const lines = blocks.flatMap((block) => block.split('\n')).filter((line) => line.startsWith('sigstead '));
  return lines.map((line) =>
    [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '').slice(1),
  );
}

/** Returns what makes two command lines the same act: the verb, and which options it is given. */
export function actOf(words: readonly string[]): string {
  const options = words.filter((word) => word.startsWith('--') && !places.includes(word)).sort();
  const verb = words.slice(0, words.findIndex((word) => word.startsWith('--')) + 1 || words.length);
  const names = verb.filter((word) => /^[a-z]+(-[a-z]+)*$/.test(word));
  return [...names.slice(0, 3).filter(isVerb), ...options].join(' ');
}

const verbs = [
  'ceremony',
  'init',
  'invite',
  'enroll',
  'plan',
  'freeze',
  'amend',
  'packet',
  'export',
  'import',
  'review',
  'sign',
  'add-signature',
  'status',
  'assemble',
  'publish',
  'verify',
  'resign-online',
  'transcript',
  'render',
  'lint',
  'doctor',
  'rehearse',
  'ca',
  'authorise',
  'run',
  'ca-backup',
  'split',
];

function isVerb(word: string): boolean {
  return verbs.includes(word);
}
