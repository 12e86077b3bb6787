import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { parseHex } from '../../src/core/bytes.ts';
import { toJson } from '../../src/core/json.ts';
import { wordLines } from '../../src/core/words.ts';
import { importRepository } from '../import/import-repository.ts';
import { dirOption, layoutOf, requiredOption } from './settings.ts';

export const ceremonyImportCommand: Command = {
  words: ['ceremony', 'import'],
  summary: 'begin a root-signing directory from a repository that exists: its chain, its targets, its people',
  details: [
    'SOURCE is a tuf-on-ci checkout, what sigstore/scaffolding wrote, or a mirror; as a directory, a .tar.gz or a URL.',
    'Compare the words of its first root with somebody who has had it before: nothing here can know whose root it is.',
  ].join('\n'),
  positionals: ['SOURCE'],
  options: {
    ...dirOption,
    name: { type: 'string', value: 'NAME', help: 'name of the instance, e.g. acme (required)' },
  },
  examples: [
    {
      command: 'sigstead ceremony import https://tuf.acme.example --name acme',
      explains: 'then look at policy.yaml, and plan a renewal',
    },
  ],
  exitNotes: ['4    also: a signature or a hash in it is false'],
  run: importOne,
};

async function importOne(invocation: Invocation): Promise<Outcome> {
  const [source = ''] = invocation.positionals;
  const layout = layoutOf(invocation);
  const name = requiredOption(invocation, 'name');
  const { imported, identity } = await importRepository({ layout, source, name, now: invocation.clock.now() });
  const { kind, notes, roots, versions } = imported;
  const [first] = roots;
  const words = wordLines(parseHex(first.canonicalSha256));
  const roles = Object.entries(versions).map(([role, version]) => `${role} v${version}`);
  return {
    json: toJson({
      directory: layout.directory,
      kind,
      repository: identity,
      versions,
      firstRoot: { version: first.version, sha256: first.canonicalSha256, words },
      notes,
    }),
    text: [
      `${layout.directory}: imported from a ${kind} repository: ${roles.join(', ')}`,
      `first root v${first.version}  sha256 ${first.canonicalSha256}`,
      ...words.map((line) => `  ${line}`),
      ...notes.map((note) => `note: ${note}`),
      `next: look at ${layout.policy}, then sigstead ceremony lint`,
      '',
    ].join('\n'),
  };
}
