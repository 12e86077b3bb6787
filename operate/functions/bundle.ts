import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FunctionName } from '../../lib/deployment.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { replaceFile } from '../../src/core/files.ts';
import { runProgram } from '../../src/process/run-program.ts';
import { isBundled, writeStamp } from './bundle-stamp.ts';
import { packedFiles } from './runtime/settings.ts';

/** What is packed beside the code of the functions that need it. Each is absent until it exists. */
export interface PackedContents {
  /** The root that clients pin, byte for byte. */
  readonly pinnedRoot?: Uint8Array;
  /** `policy.yaml` of the root of trust. */
  readonly policy?: Uint8Array;
  /** PEM certificates of the authorities of the databases, of every region. */
  readonly databaseCa?: Uint8Array;
}

const top = fileURLToPath(new URL('../..', import.meta.url));

const functions: Readonly<Record<FunctionName, readonly (keyof PackedContents)[]>> = {
  'shard-database': ['databaseCa'],
  'resign-online': ['pinnedRoot', 'policy'],
  prober: ['pinnedRoot'],
  monitor: ['pinnedRoot'],
};

/** Packages of CommonJS ask for Node's own modules by `require`, which a module has not. */
const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * Bundles each scheduled function into a directory of its own below `outDirectory`, whose whole content is the function:
 * `index.mjs` with the export `handler`, and the files that it trusts. The same sources, packages and contents make the
 * same bytes, wherever the directory is, so that a deployment without a change changes nothing.
 * @throws OPS_FUNCTION_BUNDLE
 */
export async function bundleFunctions(
  outDirectory: string,
  contents: PackedContents = {},
): Promise<ReadonlyMap<FunctionName, string>> {
  const names = Object.keys(functions) as readonly FunctionName[];
  const directories = new Map(names.map((name) => [name, join(outDirectory, name)] as const));
  const stamp = join(outDirectory, 'bundled.json');
  if (!(await isBundled(stamp))) {
    await rm(outDirectory, { recursive: true, force: true });
    await mkdir(outDirectory, { recursive: true });
    await runEsbuild(names, outDirectory);
    await writeStamp(
      stamp,
      names.map((name) => join(outDirectory, name, 'index.mjs')),
    );
  }
  for (const [name, directory] of directories) {
    // What an earlier run packed, and this one may not have.
    const others = (await readdir(directory)).filter((file) => file !== 'index.mjs');
    for (const file of others) await rm(join(directory, file), { recursive: true });
    for (const part of functions[name]) {
      const bytes = contents[part];
      if (bytes) await replaceFile(join(directory, packedFiles[part]), bytes);
    }
  }
  return directories;
}

/** As a program, without Docker and without a module of it in our memory. */
async function runEsbuild(names: readonly FunctionName[], outDirectory: string): Promise<void> {
  const { exitCode, stderr } = await runProgram({
    file: join(top, 'node_modules', '.bin', 'esbuild'),
    args: [
      ...names.map((name) => `${name}/index=operate/functions/${name}.ts`),
      '--bundle',
      '--platform=node',
      '--format=esm',
      '--target=node24',
      '--charset=utf8',
      `--outdir=${outDirectory}`,
      '--out-extension:.js=.mjs',
      `--banner:js=${banner}`,
      '--log-level=warning',
      `--metafile=${join(outDirectory, 'metafile.json')}`,
    ],
    cwd: top,
    // Where esbuild is a script, it is run by the Node that runs us.
    env: { PATH: dirname(process.execPath) },
    timeoutMs: 60_000,
  });
  if (exitCode === 0) return;
  throw new ToolkitError('OPS_FUNCTION_BUNDLE', {
    message: `esbuild: expected it to bundle the functions, it ended with ${exitCode}: ${stderr.slice(0, 2_000).trim()}`,
    fault: 'environment',
    data: { exitCode },
    hint: 'run: npm ci (it installs esbuild and what is bundled), then deploy again',
  });
}
