import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fetcher, Updater } from 'tuf-js';
import { DownloadHTTPError } from 'tuf-js/dist/error.js';
import { equalBytes } from '../core/bytes.ts';
import { describeCause, isErrno, ToolkitError } from '../core/error.ts';
import { makeScratchDirectory } from '../core/files.ts';
import { type RoleName, roleNames } from './layout.ts';
import type { ReadFile } from './reader.ts';
import type { AuthenticRepository } from './repository.ts';

export interface JudgeOptions {
  readonly read: ReadFile;
  readonly pinnedRoot: Uint8Array;
  readonly now: Date;
  /** Names of the targets to download. */
  readonly targets: readonly string[];
  /** Where the client remembers what it saw. @default a fresh client, forgotten afterwards */
  readonly memory?: string;
}

/** What tuf-js made of a repository. */
export interface Judgement {
  readonly versions: Readonly<Record<RoleName, number>>;
  readonly targetFiles: ReadonlyMap<string, Uint8Array>;
}

/**
 * Lets tuf-js, a client that shares no line with ours, refresh from the pinned root and download the targets.
 * @throws TUF_JUDGE_REFUSED with what tuf-js says; what `read` throws passes through; CORE_FILE_WRITE without a place for
 *   scratch files
 */
export async function judgeRepository(options: JudgeOptions): Promise<Judgement> {
  const scratch = await makeScratchDirectory('sigstead-judge');
  const memory = options.memory ?? join(scratch, 'memory');
  const fetcher = new ReadFetcher(options.read, join(scratch, 'download'));
  try {
    await pin(memory, options.pinnedRoot);
    const targetFiles = await download(options, { memory, scratch, fetcher });
    return { versions: await rememberedVersions(memory), targetFiles };
  } catch (cause) {
    throw fetcher.failure ?? refusal(cause);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Passes if tuf-js saw what our own client saw.
 * @throws TUF_JUDGES_DISAGREE
 */
export function assertAgreement(repository: AuthenticRepository, judgement: Judgement): void {
  for (const role of roleNames) {
    const [ours, theirs] = [repository.versions[role], judgement.versions[role]];
    if (ours !== theirs) throw disagreement(`${role}: we see v${ours}, tuf-js sees v${theirs}`);
  }
  for (const [name, bytes] of [...repository.targetFiles, ...delegatedFiles(repository)]) {
    const theirs = judgement.targetFiles.get(name);
    if (!theirs || !equalBytes(bytes, theirs)) throw disagreement(`${name}: tuf-js downloads other bytes`);
  }
}

/** Returns the files of every delegated role, by name: a name is in one of them. */
export function delegatedFiles({ delegated }: Pick<AuthenticRepository, 'delegated'>): ReadonlyMap<string, Uint8Array> {
  return new Map([...delegated.values()].flatMap(({ files }) => [...files]));
}

/** A client that remembers goes on from the last root it accepted. */
async function pin(memory: string, pinnedRoot: Uint8Array): Promise<void> {
  await mkdir(memory, { recursive: true });
  try {
    await writeFile(join(memory, 'root.json'), pinnedRoot, { flag: 'wx' });
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
}

async function download(
  options: JudgeOptions,
  client: { readonly memory: string; readonly scratch: string; readonly fetcher: Fetcher },
): Promise<ReadonlyMap<string, Uint8Array>> {
  const updater = new Updater({
    metadataDir: client.memory,
    metadataBaseUrl: 'http://repository.invalid',
    targetDir: client.scratch,
    targetBaseUrl: 'http://repository.invalid/targets',
    fetcher: client.fetcher,
  });
  setTime(updater, options.now);
  await updater.refresh();
  const files = new Map<string, Uint8Array>();
  for (const name of options.targets) {
    const info = await updater.getTargetInfo(name);
    if (!info) throw new Error(`no target ${name}`);
    files.set(name, new Uint8Array(await readFile(await updater.downloadTarget(info))));
  }
  return files;
}

/**
 * Sets the time by which a tuf-js client judges. It takes no clock, and keeps the time of the update in a field.
 * @throws TUF_JUDGE_CLOCK if that field is gone: a judge by another time would be no judge
 */
export function setTime(updater: object, now: Date): void {
  const trusted: unknown = Reflect.get(updater, 'trustedSet');
  if (typeof trusted !== 'object' || trusted === null || !Reflect.has(trusted, 'referenceTime')) {
    throw new ToolkitError('TUF_JUDGE_CLOCK', {
      message: 'tuf-js: expected a field trustedSet.referenceTime, got none',
      fault: 'caller',
      hint: 'this version of tuf-js is not the one that the toolkit pins',
    });
  }
  Reflect.set(trusted, 'referenceTime', now);
}

async function rememberedVersions(memory: string): Promise<Judgement['versions']> {
  const versions = roleNames.map(async (role) => {
    const file = JSON.parse(await readFile(join(memory, `${role}.json`), 'utf8')) as { signed: { version: number } };
    return [role, file.signed.version] as const;
  });
  return Object.fromEntries(await Promise.all(versions)) as Judgement['versions'];
}

/** Gives tuf-js our files; the network, where there is one, is the reader's business. */
class ReadFetcher implements Fetcher {
  readonly #read: ReadFile;
  readonly #file: string;
  /** An error of ours, which tuf-js would wrap into text. */
  failure: ToolkitError | undefined;

  constructor(read: ReadFile, file: string) {
    this.#read = read;
    this.#file = file;
  }

  async downloadBytes(url: string, maxLength: number): Promise<Buffer> {
    const path = decodeURIComponent(new URL(url).pathname.slice(1));
    const bytes = await this.#read(path, maxLength).catch((error: unknown) => {
      if (error instanceof ToolkitError && error.fault === 'environment') this.failure = error;
      throw error;
    });
    if (bytes === undefined) throw new DownloadHTTPError(`${path}: not found`, 404);
    return Buffer.from(bytes);
  }

  async downloadFile<T>(url: string, maxLength: number, handler: (file: string) => Promise<T>): Promise<T> {
    await writeFile(this.#file, await this.downloadBytes(url, maxLength));
    return await handler(this.#file);
  }
}

function refusal(cause: unknown): ToolkitError {
  if (cause instanceof ToolkitError) return cause;
  return new ToolkitError('TUF_JUDGE_REFUSED', {
    message: `tuf-js refuses the repository: ${describeCause(cause)}`,
    fault: 'evidence',
    cause,
  });
}

function disagreement(what: string): ToolkitError {
  return new ToolkitError('TUF_JUDGES_DISAGREE', {
    message: `two clients disagree about the repository: ${what}`,
    fault: 'evidence',
    hint: 'do not publish or trust it; one of the two is wrong',
  });
}
