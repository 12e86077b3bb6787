import { readdir, readlink } from 'node:fs/promises';
import { BlockList, isIPv6 } from 'node:net';
import { basename } from 'node:path';
import { systemPath } from './find-program.ts';
import { parseLsof } from './lsof.ts';
import { parseNetTcp, type Row } from './proc-net.ts';
import { readProc } from './process-identity.ts';
import { runProgram } from './run-program.ts';

export interface ListeningSocket {
  readonly pid: number;
  /** In numbers, e.g. `127.0.0.1` or `::1`. */
  readonly address: string;
  readonly port: number;
}

/**
 * Names the process that listens on a TCP port of this machine, e.g. `nginx (pid 123)`, or returns `undefined` if none
 * does. Of another user's process it can tell the user's number only.
 */
export async function portOwner(port: number): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    const [found] = parseLsof(await lsof([`-iTCP:${port}`]));
    return found && `${found.command} (pid ${found.pid})`;
  }
  const row = (await listeningRows()).find((one) => one.port === port);
  if (row === undefined) return undefined;
  const owner = (await allPids()).map(async (pid) => ((await socketsOf(pid)).has(row.inode) ? pid : undefined));
  const pid = (await Promise.all(owner)).find((one) => one !== undefined);
  return pid === undefined ? `a process of user ${row.uid}` : `${await nameOf(pid)} (pid ${pid})`;
}

/** Returns the TCP sockets on which the given processes of this user listen. */
export async function listeningSockets(pids: readonly number[]): Promise<readonly ListeningSocket[]> {
  if (pids.length === 0) return [];
  if (process.platform !== 'linux') {
    const found = parseLsof(await lsof(['-iTCP', '-a', '-p', pids.join(',')]));
    return found.map(({ pid, address, port }) => ({ pid, address, port }));
  }
  const rows = await listeningRows();
  const perProcess = pids.map(async (pid) => {
    const inodes = await socketsOf(pid);
    return rows.filter((row) => inodes.has(row.inode)).map(({ address, port }) => ({ pid, address, port }));
  });
  return (await Promise.all(perProcess)).flat();
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** True if only this machine can reach the address; a v4 address written as v6 (`::ffff:7f00:1`) counts as what it is. */
export function isLoopback(address: string): boolean {
  return loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

async function listeningRows(): Promise<readonly Row[]> {
  const tables = await Promise.all(['net/tcp', 'net/tcp6'].map(readProc));
  return tables.flatMap(parseNetTcp).filter((row) => row.listening);
}

async function allPids(): Promise<readonly number[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
}

/** Returns the inodes of the sockets that a process holds; none where it is gone or another user's. */
async function socketsOf(pid: number): Promise<ReadonlySet<string>> {
  const directory = `/proc/${pid}/fd`;
  const names = await readdir(directory).catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(`${directory}/${name}`).catch(() => '')));
  return new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
}

/** The file of the program says what it is: a thread may rename itself, and the first one of Node calls itself MainThread. */
async function nameOf(pid: number): Promise<string> {
  const file = await readlink(`/proc/${pid}/exe`).catch(() => '');
  return basename(file).replace(/ \(deleted\)$/, '') || (await readProc(`${pid}/comm`)).trim() || 'a process';
}

async function lsof(selection: readonly string[]): Promise<string> {
  const { stdout } = await runProgram({
    file: 'lsof',
    args: ['-nP', ...selection, '-sTCP:LISTEN', '-Fpcn'],
    env: { PATH: systemPath, LC_ALL: 'C' },
    timeoutMs: 10_000,
  });
  return stdout;
}
