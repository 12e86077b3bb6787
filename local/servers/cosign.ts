import { utf8 } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { parseJsonObject } from '../../src/core/json.ts';
import { findProgram } from '../../src/process/find-program.ts';
import { runProgram } from '../../src/process/run-program.ts';

export interface Cosign {
  readonly path: string;
  /** As cosign itself says, e.g. `v3.1.2`. */
  readonly version: string;
}

/** Older ones send entries that Rekor v2 refuses. */
const oldest = [3, 1, 0] as const;

/** Returns the cosign on a PATH if it is a release from 3.1.0 on. */
export async function cosignOnPath(pathVariable: string, signal?: AbortSignal): Promise<Cosign | undefined> {
  const path = await findProgram('cosign', pathVariable);
  const found = path && (await probe(path, signal));
  return found && isNewEnough(found.version) ? found : undefined;
}

/**
 * Asks the cosign at `path` for its version.
 * @throws LOCAL_COSIGN_UNUSABLE if it does not answer as cosign does
 */
export async function cosignAt(path: string, signal?: AbortSignal): Promise<Cosign> {
  const found = await probe(path, signal);
  if (found) return found;
  throw new ToolkitError('LOCAL_COSIGN_UNUSABLE', {
    message: `${path}: expected cosign version --json to tell a version`,
    fault: 'environment',
    data: { path },
    hint: `see what it answers: ${path} version --json`,
  });
}

async function probe(path: string, signal: AbortSignal | undefined): Promise<Cosign | undefined> {
  try {
    const args = ['version', '--json'];
    const ran = await runProgram({ file: path, args, timeoutMs: 15_000, ...(signal && { signal }) });
    const { gitVersion } = parseJsonObject(utf8(ran.stdout), { what: `${path} version --json`, maxBytes: 65_536 });
    return typeof gitVersion === 'string' ? { path, version: gitVersion } : undefined;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ToolkitError) return undefined;
    throw error;
  }
}

/** Only a release tells what it is: neither `devel` nor a release candidate is new enough. */
function isNewEnough(version: string): boolean {
  const numbers = /^v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})$/.exec(version)?.slice(1).map(Number);
  if (numbers === undefined) return false;
  const differing = oldest.findIndex((part, index) => part !== numbers[index]);
  return differing === -1 || (numbers[differing] ?? 0) > (oldest[differing] ?? 0);
}
