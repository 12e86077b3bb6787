import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { screenOf } from '../../../ceremony/review/screen.ts';
import { keyId, tufKey } from '../../../src/tuf/key.ts';
import { CeremonyBench } from '../../support/ceremony-bench.ts';
import { roleMetadata, type SampleRole } from '../../support/delegated-role.ts';
import { freshSigner, MemoryStore, seededSigner } from '../../support/root-of-trust.ts';

const npm = seededSigner('npm');
const npmKey = keyId(tufKey(npm.publicKey));
const delegate = (change = '') => `kind: delegate
reason: npm has keys of its own
role: npm
threshold: 1
keys: [npm.pem]
paths: [npm/*]
terminating: true
${change}`;
const undelegate = 'kind: undelegate\nreason: npm is gone\nrole: npm\n';

async function put({ layout }: CeremonyBench, path: string, content: string | Uint8Array): Promise<void> {
  const file = join(layout.directory, 'delegations', 'npm', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

const pem = ({ publicKey }: typeof npm) => publicKey.export({ type: 'spki', format: 'pem' }).toString();

/** What the owners of the role hand over: their key, and what they signed. */
async function handOver(bench: CeremonyBench, role: SampleRole = {}): Promise<void> {
  await put(bench, 'npm.pem', pem(npm));
  await put(bench, 'metadata.json', await roleMetadata(new MemoryStore(), role));
  await put(bench, 'targets/npm/keys.json', '{"keys":[]}\n');
}

describe('delegate', () => {
  it('is published with what the owners of the role signed, and shown with its key', async () => {
    await using bench = await CeremonyBench.published();
    await handOver(bench);
    await bench.plan('delegate', delegate());
    const [payload] = screenOf(await bench.review('delegate')).payloads;
    expect(payload?.changes).toEqual([`+ role npm for npm/* (terminating): 1 of ${npmKey}`]);
    await bench.freeze('delegate');
    await bench.sign('delegate');
    const { repository, changed } = await bench.publish('delegate');
    expect(repository.versions).toEqual({ root: 1, targets: 2, snapshot: 2, timestamp: 2 });
    expect(repository.delegated.get('npm')?.files.size).toBe(1);
    expect(changed).toContain('1.npm.json');
    expect(repository.snapshot.meta.get('npm.json')?.version).toBe(1);
  });

  it('brings later metadata of the role along with the next event', async () => {
    await using bench = await CeremonyBench.published();
    await handOver(bench);
    await bench.run('delegate', delegate());
    await handOver(bench, { own: { version: 2 } });
    const { repository } = await bench.run('renew', 'kind: renew\nreason: in time\nroles: [root]\n');
    expect(repository.snapshot.meta.get('npm.json')?.version).toBe(2);
    expect(repository.delegated.get('npm')?.metadata.version).toBe(2);
  });

  it('refuses to publish a role of which nothing was handed over, or that others signed', async () => {
    await using bench = await CeremonyBench.published();
    await put(bench, 'npm.pem', pem(npm));
    await expect(bench.run('delegate', delegate())).rejects.toThrowToolkit('TUF_DELEGATIONS', { roles: ['npm'] });
    await handOver(bench, { signers: [seededSigner('mallory')] });
    await expect(bench.publish('delegate')).rejects.toThrowToolkit('TUF_THRESHOLD', { role: 'npm' });
    expect(bench.store.files.has('1.npm.json')).toBe(false);
    await handOver(bench);
    expect((await bench.publish('delegate')).repository.delegated.size).toBe(1);
  });

  it('refuses a key that is not there, and one that some clients do not read', async () => {
    await using bench = await CeremonyBench.published();
    const name = { role: 'npm', name: 'npm.pem' };
    await expect(bench.plan('delegate', delegate())).rejects.toThrowToolkit('CER_DELEGATION_KEY', name);
    for (const text of ['hello', pem(freshSigner('ecdsa-p384-sha384'))]) {
      await put(bench, 'npm.pem', text);
      await expect(bench.plan('delegate', delegate())).rejects.toThrowToolkit('CER_DELEGATION_KEY');
    }
  });

  it.each([
    ['everything', "paths: ['*']", /expected a part of the namespace, got all of it: \*/],
    ['everything in a directory', "paths: ['npm/*', '*/**']", /got all of it: \*\/\*\*/],
    ['what is listed already', 'paths: [note*]', /got note\*, which covers note.txt/],
    ['a threshold above its keys', 'threshold: 2', /a threshold of at most 1 \(its keys\), got 2/],
  ])('refuses %s', async (_, change, message) => {
    await using bench = await CeremonyBench.published();
    await handOver(bench);
    const field = change.split(':')[0] ?? '';
    const intent = delegate().replace(new RegExp(`^${field}: .*$`, 'm'), change);
    await expect(bench.plan('delegate', intent)).rejects.toThrow(message);
  });
});

describe('undelegate', () => {
  it('takes the role from targets; the snapshot keeps listing it', async () => {
    await using bench = await CeremonyBench.published();
    await handOver(bench);
    await bench.run('delegate', delegate());
    const { repository } = await bench.run('undelegate', undelegate);
    expect(repository.targets.signed['delegations']).toEqual({ keys: {}, roles: [] });
    expect(repository.delegated.size).toBe(0);
    expect(repository.snapshot.meta.get('npm.json')?.version).toBe(1);
  });

  it('refuses where nothing is delegated to the role', async () => {
    await using bench = await CeremonyBench.published();
    await expect(bench.plan('undelegate', undelegate)).rejects.toThrowToolkit('CER_PLAN_REFUSED');
  });
});
