import { randomBytes } from 'node:crypto';
import { readFileCapped } from '../../src/core/files.ts';
import { type Format, formatDocument, parseFormatted } from '../../src/core/formatted.ts';
import { count, matching, object, text } from '../../src/core/shape.ts';
import type { RootSigningLayout } from './layout.ts';

/** What tells one root of trust from every other, and a rehearsal from the real one. */
export interface RepositoryIdentity {
  /** 128 random bits, in hexadecimal. */
  readonly id: string;
  /** For people: the name of the instance. */
  readonly name: string;
  /** The root that the chain is verified from: 1, or the oldest of an imported repository that every client reads. */
  readonly firstRoot: number;
}

export const repositoryId = matching(/^[0-9a-f]{32}$/, '32 lower-case hexadecimal digits');

const identityFormat: Format<RepositoryIdentity> = {
  name: 'sigstead-repository/v1',
  read: object({ id: repositoryId, name: text, firstRoot: count }),
  maxBytes: 4096,
  code: 'CER_IDENTITY',
  hint: 'put back the repository.json that `sigstead ceremony init` wrote: every invitation and packet names it',
};

export function newIdentity(name: string, firstRoot = 1): RepositoryIdentity {
  return { id: randomBytes(16).toString('hex'), name, firstRoot };
}

export function formatIdentity({ id, name, firstRoot }: RepositoryIdentity): string {
  return formatDocument(identityFormat, { id, name, firstRoot });
}

/** @throws CER_IDENTITY, CORE_FILE_MISSING, CORE_JSON */
export async function readIdentity({ identity }: RootSigningLayout): Promise<RepositoryIdentity> {
  return parseFormatted(await readFileCapped(identity, identityFormat.maxBytes), identityFormat, identity);
}
