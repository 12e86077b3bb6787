import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseHex, utf8 } from '../src/core/bytes.ts';
import { sha256Hex } from '../src/core/digest.ts';
import { replaceFile } from '../src/core/files.ts';
import { wordLines } from '../src/core/words.ts';
import { runProgram } from '../src/process/run-program.ts';

/*
 * Makes the holder's script: `node bin/build-holder.ts [DIR]`. The same sources and packages make the same bytes, on
 * every machine and in every directory, so that holders can build it apart and compare the words of its digest.
 */

const top = fileURLToPath(new URL('..', import.meta.url));
const name = 'sigstead-holder.mjs';
const leftOut = './bin/holder/left-out.ts';
const { version } = JSON.parse(await readFile(join(top, 'package.json'), 'utf8')) as { version: string };

const { exitCode, stdout, stderr } = await runProgram({
  file: join(top, 'node_modules', '.bin', 'esbuild'),
  args: [
    'bin/holder.ts',
    '--bundle',
    '--platform=node',
    // One function, whose parts load in their order: imports would all come first, before anything can be said.
    '--format=iife',
    // For an older Node to get as far as being refused.
    '--target=node18',
    '--charset=utf8',
    `--define:toolkitVersion=${JSON.stringify(version)}`,
    `--inject:${leftOut}`,
    `--alias:koffi=${leftOut}`,
    `--alias:@aws-sdk/client-kms=${leftOut}`,
    '--log-level=warning',
  ],
  cwd: top,
  env: { PATH: process.env['PATH'] ?? '' },
  timeoutMs: 60_000,
});
process.stderr.write(stderr);
if (exitCode !== 0 || stderr !== '') process.exit(5);

const head = [
  '#!/usr/bin/env node',
  `// The holder's tool of sigstead ${version}: reviews, verifies, and signs with --signer detached. Needs Node.js 24.`,
  // Node's own modules are all that it can load.
  'const require = (name) => process.getBuiltinModule(name);',
  '',
].join('\n');
const script = utf8(head + stdout);
const digest = sha256Hex(script);
const directory = resolve(process.argv[2] ?? 'dist');
await mkdir(directory, { recursive: true });
await replaceFile(join(directory, name), script);
await replaceFile(join(directory, `${name}.sha256`), `${digest}  ${name}\n`);
process.stdout.write(
  [`${join(directory, name)}  ${script.length} bytes`, `sha256 ${digest}`, ...wordLines(parseHex(digest)), ''].join(
    '\n',
  ),
);
