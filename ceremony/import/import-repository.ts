import { dirname, join } from 'node:path';
import { parseRootPolicy } from '../../src/config/root-policy.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { createFile, makeDirectory, pathExists } from '../../src/core/files.ts';
import type { Fetch } from '../../src/core/http.ts';
import { metadataPath } from '../../src/tuf/layout.ts';
import { formatIdentity, newIdentity, type RepositoryIdentity } from '../root-signing/identity.ts';
import type { RootSigningLayout } from '../root-signing/layout.ts';
import { recordPublished } from '../root-signing/standing.ts';
import { type ImportedRepository, readSource } from './imported.ts';
import { policyOf } from './policy-of.ts';

export interface ImportRepositoryOptions {
  readonly layout: RootSigningLayout;
  /** A directory, a `.tar.gz` or a URL. */
  readonly source: string;
  /** Of the instance, for people. */
  readonly name: string;
  readonly now: Date;
  readonly fetch?: Fetch;
}

export interface Import {
  readonly identity: RepositoryIdentity;
  readonly imported: ImportedRepository;
}

/**
 * Begins `root-signing/` with a repository that others made: its metadata with every root, its targets, and a policy
 * that asks for what it is. Holders need not enrol: their keys are those of its root.
 *
 * repository.json is written last: an import that was interrupted can be repeated. The caller shows the notes, and has
 * people compare the first root with the one that clients pin.
 * @throws CER_IMPORT_EXISTS if there is a root of trust already
 * @throws as `readSource`; CORE_FILE_EXISTS if other files are in the way
 */
export async function importRepository(options: ImportRepositoryOptions): Promise<Import> {
  const { layout, name, now } = options;
  if (await pathExists(layout.identity)) throw exists(layout);
  const imported = await readSource(options.source, options);
  const policy = policyOf(imported, now);
  parseRootPolicy(policy, layout.policy);
  await recordPublished(layout, imported);
  const history = join(layout.metadata, 'root_history');
  for (const [version, bytes] of imported.rootFiles)
    await createFile(join(history, metadataPath('root', version)), bytes);
  for (const [target, bytes] of imported.targetFiles) {
    const path = join(layout.targets, target);
    await makeDirectory(dirname(path));
    await createFile(path, bytes);
  }
  // What is signed and hashed must never be rewritten with other line ends.
  await createFile(join(layout.directory, '.gitattributes'), '* -text\n');
  await createFile(layout.policy, policy);
  const identity = newIdentity(name, imported.firstRoot);
  await createFile(layout.identity, formatIdentity(identity));
  return { identity, imported };
}

function exists({ identity }: RootSigningLayout): ToolkitError {
  return new ToolkitError('CER_IMPORT_EXISTS', {
    message: `${identity}: already there, expected a directory without a root of trust`,
    fault: 'input',
    data: { path: identity },
    hint: 'nothing was changed; import into a directory of its own',
  });
}
