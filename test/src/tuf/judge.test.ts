import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Updater } from 'tuf-js';
import { resignOnline } from '../../../ceremony/resign-online.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { formatInstant } from '../../../src/core/clock.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import { assertAgreement, type JudgeOptions, judgeRepository, setTime } from '../../../src/tuf/judge.ts';
import { httpReader } from '../../../src/tuf/reader.ts';
import { verifyRepository } from '../../../src/tuf/repository.ts';
import { serveFiles } from '../../support/file-server.ts';
import {
  forge,
  holders,
  inDays,
  MemoryStore,
  now,
  online,
  onRepository,
  publishedRepository,
  targets,
} from '../../support/root-of-trust.ts';

const first = await publishedRepository();
const names = [...targets.keys()];

/** Lets tuf-js look at files that a real web server serves. */
async function judge(files: ReadonlyMap<string, Uint8Array>, options: Partial<JudgeOptions> = {}) {
  await using server = await serveFiles(files);
  const read = httpReader(server.url);
  return await judgeRepository({ read, pinnedRoot: first.pinnedRoot, now, targets: names, ...options });
}

const changed = (path: string, bytes: Uint8Array): ReadonlyMap<string, Uint8Array> =>
  new Map(first.store.files).set(path, bytes);
const fileAt = (path: string): Uint8Array => first.store.files.get(path) as Uint8Array;

async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

describe('judgeRepository', () => {
  it('accepts what genesis published, over HTTP', async () => {
    const judgement = await judge(first.store.files);
    expect(judgement.versions).toEqual({ root: 1, targets: 1, snapshot: 1, timestamp: 1 });
    expect(judgement.targetFiles).toEqual(targets);
  });

  it('accepts it by tuf-js alone, with its own fetcher and clock', async () => {
    const { store, pinnedRoot } = await publishedRepository({ now: new Date() });
    await using server = await serveFiles(store.files);
    await using directory = await temporaryDirectory();
    await writeFile(join(directory.path, 'root.json'), pinnedRoot);
    const updater = new Updater({
      metadataDir: directory.path,
      metadataBaseUrl: server.url,
      targetDir: directory.path,
      targetBaseUrl: `${server.url}/targets`,
    });
    const info = await updater.getTargetInfo('trusted_root.json');
    expect(info?.length).toBe(targets.get('trusted_root.json')?.length);
    await expect(updater.downloadTarget(info as NonNullable<typeof info>)).resolves.toContain('trusted_root.json');
  });

  it('refuses an expired timestamp', async () => {
    await expect(judge(first.store.files, { now: inDays(3) })).rejects.toThrowToolkit('TUF_JUDGE_REFUSED');
    const expired = await forge(fileAt('timestamp.json'), 'timestamp', { expires: formatInstant(now) }, [online]);
    await expect(judge(changed('timestamp.json', expired))).rejects.toThrow(/timestamp.json is expired/);
  });

  it('refuses a tampered target', async () => {
    const path = [...first.store.files.keys()].find((name) => name.endsWith('trusted_root.json')) ?? '';
    await expect(judge(changed(path, utf8('{"trusted":"raat"}\n')))).rejects.toThrowToolkit('TUF_JUDGE_REFUSED');
  });

  it('refuses a rolled-back snapshot, by what it remembers', async () => {
    await using memory = await temporaryDirectory();
    const store = new MemoryStore(first.store.files);
    await resignOnline({ ...onRepository({ store, pinnedRoot: first.pinnedRoot }), force: true });
    const options = { memory: memory.path };
    expect((await judge(store.files, options)).versions).toMatchObject({ snapshot: 2, timestamp: 2 });
    const { meta } = (JSON.parse(new TextDecoder().decode(fileAt('timestamp.json'))) as { signed: { meta: object } })
      .signed;
    const back = await forge(fileAt('timestamp.json'), 'timestamp', { version: 3, meta: { ...meta } }, [online]);
    await expect(judge(new Map(store.files).set('timestamp.json', back), options)).rejects.toThrow(
      /snapshot version 1 is less/,
    );
    expect((await judge(store.files, options)).versions).toMatchObject({ snapshot: 2, timestamp: 2 });
  });

  it('refuses a root below its threshold', async () => {
    const two = [...holders('alice', 'bob').values()];
    const root = await forge(first.pinnedRoot, 'root', { version: 2 }, two);
    await expect(judge(changed('2.root.json', root))).rejects.toThrowToolkit('TUF_JUDGE_REFUSED');
  });

  it('refuses a target that is not listed', async () => {
    await expect(judge(first.store.files, { targets: ['other.json'] })).rejects.toThrow(/no target other.json/);
  });

  it('passes on that the network failed: that is no verdict', async () => {
    const error = new ToolkitError('CORE_HTTP_UNREACHABLE', { message: 'no answer', fault: 'environment' });
    await expect(judge(first.store.files, { read: () => Promise.reject(error) })).rejects.toBe(error);
  });
});

describe('setTime', () => {
  it('refuses a tuf-js that keeps its time elsewhere', () => {
    expect(() => setTime({}, now)).toThrowToolkit('TUF_JUDGE_CLOCK');
    expect(() => setTime({ trustedSet: {} }, now)).toThrowToolkit('TUF_JUDGE_CLOCK');
  });
});

describe('assertAgreement', () => {
  it('accepts two clients that saw the same, and refuses two that did not', async () => {
    const read = first.store.read.bind(first.store);
    const ours = await verifyRepository({ read, pinnedRoot: first.pinnedRoot, now });
    const theirs = await judge(first.store.files);
    expect(() => assertAgreement(ours, theirs)).not.toThrow();
    const older = { ...theirs, versions: { ...theirs.versions, snapshot: 9 } };
    expect(() => assertAgreement(ours, older)).toThrowToolkit('TUF_JUDGES_DISAGREE');
    const targetFiles = new Map(theirs.targetFiles).set('trusted_root.json', utf8('other'));
    expect(() => assertAgreement(ours, { ...theirs, targetFiles })).toThrowToolkit('TUF_JUDGES_DISAGREE');
  });
});
