import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { runGenesis } from '../../ceremony/genesis.ts';
import { verifyPublished } from '../../ceremony/verify.ts';
import { parseHex, utf8 } from '../../src/core/bytes.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { wordLines } from '../../src/core/words.ts';
import { directoryStore } from '../../src/store/directory-store.ts';
import { serveFiles } from '../support/file-server.ts';
import { holders, inDays, now, online, publishedRepository, rootPolicy, targets } from '../support/root-of-trust.ts';

const { store, pinnedRoot } = await publishedRepository();

describe('verifyPublished', () => {
  it('accepts a URL, and reports what both clients saw', async () => {
    await using server = await serveFiles(store.files);
    const report = await verifyPublished({ metadata: server.url, pinnedRoot, now });
    expect(report).toMatchObject({
      at: '2026-11-22T10:00:00Z',
      judges: ['sigstead', 'tuf-js'],
      root: { version: 1, fileSha256: sha256Hex(pinnedRoot) },
      roles: [
        { role: 'root', version: 1, expires: '2027-05-21T10:00:00Z', signatures: { have: 5, need: 3, of: 5 } },
        { role: 'targets', version: 1, signatures: { have: 5, need: 3, of: 5 } },
        { role: 'snapshot', version: 1, signatures: { have: 1, need: 1, of: 1 } },
        { role: 'timestamp', version: 1, signatures: { have: 1, need: 1, of: 1 } },
      ],
    });
    expect(report.targets.map(({ name }) => name)).toEqual(['signing_config.v0.2.json', 'trusted_root.json']);
    expect(report.root.signedSha256).not.toBe(report.root.fileSha256);
    expect(report.root.signedWords).toEqual(wordLines(parseHex(report.root.signedSha256)));
  });

  it('accepts a directory, and refuses it at a later time', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
    try {
      const on = directoryStore(directory);
      const { root } = await runGenesis({ policy: rootPolicy(), holders: holders(), online, targets, store: on, now });
      const options = { metadata: directory, pinnedRoot: root.bytes };
      expect((await verifyPublished({ ...options, now })).root.version).toBe(1);
      await expect(verifyPublished({ ...options, now: inDays(3) })).rejects.toThrowToolkit('TUF_EXPIRED');
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('refuses another root in the place of the pinned one, and accepts none there', async () => {
    const published = new Map(store.files);
    published.set('1.root.json', utf8(`${new TextDecoder().decode(pinnedRoot)} `));
    await using server = await serveFiles(published);
    const verified = () => verifyPublished({ metadata: server.url, pinnedRoot, now });
    await expect(verified()).rejects.toThrowToolkit('CER_ROOT_CHANGED', {
      path: '1.root.json',
      pinned: sha256Hex(pinnedRoot),
    });
    published.delete('1.root.json');
    expect((await verified()).root.version).toBe(1);
  });

  it.each(['', 'ftp://example.org/tuf'])('refuses the source %p', async (metadata) => {
    await expect(verifyPublished({ metadata, pinnedRoot, now })).rejects.toThrowToolkit('CER_METADATA_SOURCE');
  });

  it('refuses a directory and a URL without a repository, and names them', async () => {
    await using server = await serveFiles(new Map());
    for (const metadata of [join(tmpdir(), 'no-such-directory'), server.url]) {
      const refused = verifyPublished({ metadata, pinnedRoot, now });
      await expect(refused).rejects.toThrowToolkit('CER_METADATA_SOURCE', { metadata });
      await expect(refused).rejects.toThrow(metadata);
    }
  });
});
