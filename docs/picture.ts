/**
 * Draws the picture of the README from a real run: `node docs/picture.ts` runs `npm start` on a new state, ends it with
 * Ctrl-C as a person would, and writes what the terminal showed as docs/assets/first-run.svg.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseUtf8 } from '../src/core/bytes.ts';
import { readFileCapped } from '../src/core/files.ts';
import { waitFor } from '../src/core/wait.ts';
import { startProgram } from '../src/process/supervised-program.ts';
import { draw, shown } from './terminal-picture.ts';

const project = fileURLToPath(new URL('..', import.meta.url));
const buildAndSignMs = 900_000;
const home = homedir();
const temporary = await mkdtemp(join(tmpdir(), 'sigstead-picture-'));
try {
  const output = await recorded(join(temporary, 'terminal'));
  const typed = ['$ npm start', ...output.replace('✓ stopping', '^C\n$&').trimEnd().split('\n')];
  await mkdir(`${project}docs/assets`, { recursive: true });
  await writeFile(
    `${project}docs/assets/first-run.svg`,
    draw(shown(typed, { [join(temporary, 'state')]: '~/.local/state', [`${home}/`]: '~/' })),
  );
} finally {
  await rm(temporary, { recursive: true, force: true });
}

/** Returns what `npm start` writes to a terminal, from an empty state directory to the end after Ctrl-C. */
async function recorded(logFile: string): Promise<string> {
  const npm = await startProgram({
    name: 'npm start',
    file: 'npm',
    args: ['start'],
    env: { PATH: process.env['PATH'] ?? '', HOME: home, XDG_STATE_HOME: join(temporary, 'state') },
    cwd: project,
    logFile,
  });
  let ended = false;
  void npm.exited.then(() => {
    ended = true;
  });
  const written = async () => parseUtf8(await readFileCapped(logFile, 1 << 20));
  try {
    await waitFor(async () => ended || /verified by cosign|cosign is not offered/.test(await written()), {
      what: 'cosign to sign and verify',
      timeoutMs: buildAndSignMs,
    });
    // The terminal signals every process in the foreground.
    if (!ended) process.kill(-npm.pid, 'SIGINT');
    await npm.exited;
    const output = await written();
    if (!output.includes('✓ stopping')) throw new Error(output);
    // Before it, npm repeats the script.
    return output.slice(output.indexOf('✓'));
  } finally {
    await npm.stop(0);
  }
}
