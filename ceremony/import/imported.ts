import { ToolkitError } from '../../src/core/error.ts';
import type { Fetch } from '../../src/core/http.ts';
import { type AuthenticRepository, readRepository } from '../../src/tuf/repository.ts';
import type { Recorded } from '../root-signing/standing.ts';
import { notesOn } from './notes.ts';
import { type RootHistory, readRootHistory } from './root-history.ts';
import { type ImportSource, openSource, type SourceKind } from './source.ts';

/** A repository that others made, verified from the oldest root that a strict client can start from. */
export interface ImportedRepository extends AuthenticRepository {
  readonly kind: SourceKind;
  readonly where: string;
  readonly roots: Recorded['roots'];
  /** Version of that oldest root. */
  readonly firstRoot: number;
  /** Every root by version, also those before it. */
  readonly rootFiles: RootHistory['files'];
  /** What is odd about it, a sentence each. */
  readonly notes: readonly string[];
}

export interface ReadSourceOptions {
  readonly now: Date;
  readonly fetch?: Fetch;
}

/**
 * Reads a repository from a tuf-on-ci checkout, from what scaffolding writes, or from a mirror: a directory, a
 * `.tar.gz` or a URL. Everything but expiry is verified, from the oldest root that can be; nothing says that this root
 * is the right one: the caller has people compare its digest with what clients pin.
 * @throws CER_IMPORT_SOURCE, CER_IMPORT_TARBALL, CER_IMPORT_ROOTS, CER_IMPORT_BARE_NAMES
 * @throws as `readRepository`
 */
export async function readSource(source: string, options: ReadSourceOptions): Promise<ImportedRepository> {
  const opened = await openSource(source, options);
  const history = await readRootHistory(opened);
  assertConsistent(opened, history);
  const [first] = history.chain;
  const repository = await readRepository({
    read: opened.read,
    pinnedRoot: first.bytes,
    delegatedFilesOptional: true,
  });
  return {
    ...repository,
    kind: opened.kind,
    where: opened.where,
    roots: history.chain,
    firstRoot: first.version,
    rootFiles: history.files,
    notes: notesOn(repository, history, options.now),
  };
}

/** Its clients read targets and snapshot under one name for all versions: none can be replaced without breaking some. */
function assertConsistent({ where }: ImportSource, { chain }: RootHistory): void {
  const root = chain.at(-1);
  if (root?.consistentSnapshot) return;
  throw new ToolkitError('CER_IMPORT_BARE_NAMES', {
    message: `${where}: root v${root?.version}: expected consistent_snapshot true, got false`,
    fault: 'input',
    data: { where, root: root?.version },
    hint: 'nothing new could be published without failing clients: begin a root of trust of your own with the same targets, and bring it to every client',
  });
}
