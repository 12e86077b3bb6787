import { readFile } from 'node:fs/promises';
import { verbs } from '../operate/verbs.ts';
import { runCli } from '../src/cli/run.ts';

const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

await runCli(verbs, manifest.version);
