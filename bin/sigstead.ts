import { readFile } from 'node:fs/promises';
import { commands } from '../operate/commands.ts';
import { runCli } from '../src/cli/run.ts';

const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

await runCli(commands, manifest.version);
