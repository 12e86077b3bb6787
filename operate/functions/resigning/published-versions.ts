import { utf8 } from '../../../src/core/bytes.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import { parseJsonObject } from '../../../src/core/json.ts';
import { assertRead, count, object, type Read, readShape, sha256Text } from '../../../src/core/shape.ts';
import type { Store } from '../../../src/core/store.ts';
import { type RoleName, roleNames } from '../../../src/tuf/layout.ts';
import type { AuthenticRepository } from '../../../src/tuf/repository.ts';

/** What of each role was published last: its version, and the digest of what was signed. */
type Published = Readonly<Record<RoleName, { readonly version: number; readonly sha256: string }>>;

export const publishedVersionsPath = 'published.json';
const maxBytes = 4_096;

const role = object({ version: count, sha256: sha256Text });
const shape: Read<Published> = object({ root: role, targets: role, snapshot: role, timestamp: role });

/**
 * Passes if what is published is not older than what was seen before. Threat: whoever can write to the bucket puts an old
 * state back, whose signatures verify, and a fresh timestamp over it would lead every new client there.
 * @throws OPS_ROLLED_BACK (evidence), OPS_FUNCTION_MEMORY
 */
export async function assertNotBehind(memory: Store, current: AuthenticRepository): Promise<void> {
  const last = await readPublished(memory);
  if (last === undefined) return;
  for (const name of roleNames) {
    const { version, canonicalSha256: sha256 } = current[name];
    if (version > last[name].version || (version === last[name].version && sha256 === last[name].sha256)) continue;
    throw new ToolkitError('OPS_ROLLED_BACK', {
      message: `${name}: expected v${last[name].version} as it was published last, or a later one, got v${version}${version === last[name].version ? ' with other content' : ''}`,
      fault: 'evidence',
      data: { role: name, expected: last[name].version, got: version, memory: memory.uri },
      hint: 'somebody put back what was there before; nothing was signed: find out who, and publish the last event again',
    });
  }
}

/** Remembers what is published; the same again is not written again. */
export async function rememberVersions(memory: Store, repository: AuthenticRepository): Promise<void> {
  const now = Object.fromEntries(
    roleNames.map((name) => [name, { version: repository[name].version, sha256: repository[name].canonicalSha256 }]),
  );
  const bytes = utf8(`${JSON.stringify(now, undefined, 2)}\n`);
  const before = await memory.read(publishedVersionsPath, maxBytes);
  if (before === undefined || !Buffer.from(before).equals(bytes)) await memory.replace(publishedVersionsPath, bytes);
}

async function readPublished(memory: Store): Promise<Published | undefined> {
  const bytes = await memory.read(publishedVersionsPath, maxBytes);
  if (bytes === undefined) return undefined;
  const what = `${memory.uri}/${publishedVersionsPath}`;
  return assertRead(readShape(shape, parseJsonObject(bytes, { what, maxBytes })), {
    code: 'OPS_FUNCTION_MEMORY',
    what,
    hint: 'only this function writes it: put the last version of the object back that it wrote',
  });
}
