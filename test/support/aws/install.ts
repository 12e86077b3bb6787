import { mkdir } from 'node:fs/promises';
import { findProgram } from '../../../src/process/find-program.ts';
import { runProgram } from '../../../src/process/run-program.ts';
import { emulatorDirectory, emulatorFile } from './emulator-file.ts';

/*
 * Installs what `npm run test:aws` needs and finds missing, where it may: packages of Debian as root, the emulator into
 * a directory of its own. Where it may not, it says what to install.
 */

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const packages = { mariadbd: 'mariadb-server', ip: 'iproute2', openssl: 'openssl', python3: 'python3-venv' };

/** Exactly these: what the tests say about the emulator is about this version. */
const pins = ['ministack==1.5.33', 'cryptography==50.0.2'];

const problems = [...(await isRoot()), ...(await debianPackages()), ...(await emulator())];
for (const problem of problems) process.stderr.write(`test:aws: error: ${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 5;

async function isRoot(): Promise<readonly string[]> {
  if (process.getuid?.() === 0) return [];
  return ['it needs root, for network namespaces in which tasks have addresses of their own: sudo npm run test:aws'];
}

async function debianPackages(): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const [program, name] of Object.entries(packages)) {
    if ((await findProgram(program, systemPath)) === undefined) missing.push(name);
  }
  if (missing.length === 0) return [];
  const install = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || (await findProgram('apt-get', systemPath)) === undefined) return [`run: ${install}`];
  const env = { PATH: systemPath, DEBIAN_FRONTEND: 'noninteractive' };
  for (const words of ['update -qq', install.slice('apt-get '.length)]) {
    const ran = await runProgram({ file: 'apt-get', args: words.split(' '), env, timeoutMs: 600_000 });
    if (ran.exitCode !== 0) return [`apt-get ${words}: ${ran.stderr.trim().slice(-500)}`];
  }
  return [];
}

async function emulator(): Promise<readonly string[]> {
  if ((await emulatorFile(process.env)) !== undefined) return [];
  const directory = emulatorDirectory(process.env);
  await mkdir(directory, { recursive: true });
  const path = process.env['PATH'] ?? systemPath;
  const env = { PATH: path, HOME: process.env['HOME'] ?? '/root' };
  for (const [file, args] of [
    ['python3', ['-m', 'venv', directory]],
    [`${directory}/bin/pip`, ['install', '--quiet', ...pins]],
  ] as const) {
    const ran = await runProgram({ file, args, env, timeoutMs: 600_000 });
    if (ran.exitCode !== 0) return [`${file} ${args.join(' ')}: ${ran.stderr.trim().slice(-500)}`];
  }
  return [];
}
