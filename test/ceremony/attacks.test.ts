import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { utf8 } from '../../src/core/bytes.ts';
import { judgeRepository } from '../../src/tuf/judge.ts';
import { keyId, tufKey } from '../../src/tuf/key.ts';
import { timestampPath } from '../../src/tuf/layout.ts';
import { formatMetadata, parseMetadata } from '../../src/tuf/metadata.ts';
import { verifyRepository } from '../../src/tuf/repository.ts';
import { attackTests } from '../support/attack-tests.ts';
import { type Files, fileAt, pinnedRoot, reordered, second } from '../support/attacker.ts';
import { projectDirectory } from '../support/instance.ts';
import { memoryThatSaw } from '../support/judge-memory.ts';
import { MemoryStore, now, readerOf, seededSigner, signMetadata, targets } from '../support/root-of-trust.ts';
import { attacks } from './attack-cases.ts';

const seen = await verifyRepository({ read: readerOf(second), pinnedRoot, now });

/** Both clients look at the same files; those that remember saw what was there before. */
async function outcomes(files: Files, remembering: boolean) {
  const client = { read: readerOf(new MemoryStore(files)), pinnedRoot, now };
  await using memory = await memoryThatSaw(remembering ? second : undefined, { pinnedRoot, now });
  const [ours, theirs] = await Promise.allSettled([
    verifyRepository({ ...client, ...(remembering && { previous: seen }) }),
    judgeRepository({ ...client, targets: [...targets.keys()], memory: memory.path }),
  ]);
  const codeOf = (result: PromiseSettledResult<unknown>) =>
    result.status === 'fulfilled' ? 'accepts' : String((result.reason as { code?: unknown }).code);
  return { ours: codeOf(ours), theirs: codeOf(theirs) };
}

describe('clients refuse', () => {
  it.each(attacks.map((attack) => [attack.name, attack] as const))(
    '%s',
    async (_, { attack, code, remembering, tufJs }) => {
      const files = new Map(second.files);
      await attack(files);
      const theirs = tufJs ?? 'TUF_JUDGE_REFUSED';
      expect(await outcomes(files, remembering === true)).toEqual({ ours: code, theirs });
    },
  );
});

describe('clients accept', () => {
  it('signatures by strangers, signatures that do not verify, and empty ones, beside enough others', async () => {
    const { signed, signatures } = parseMetadata(fileAt(timestampPath), 'timestamp');
    const strangers = parseMetadata(await signMetadata(signed, [seededSigner('mallory')]), 'timestamp').signatures;
    const odd = [
      { keyid: 'a'.repeat(64), sig: '' },
      { keyid: keyId(tufKey(seededSigner('bob').publicKey)), sig: '00' },
    ];
    const files = new Map(second.files);
    files.set(timestampPath, utf8(formatMetadata(signed, [...odd, ...strangers, ...signatures])));
    expect(await outcomes(files, false)).toEqual({ ours: 'accepts', theirs: 'accepts' });
  });

  it('the fields of the same JSON in another order: what is signed is the canonical form', async () => {
    const files = new Map(second.files);
    files.set(timestampPath, reordered(fileAt(timestampPath), 'timestamp'));
    expect(await outcomes(files, true)).toEqual({ ours: 'accepts', theirs: 'accepts' });
  });
});

describe('the other attacks', () => {
  it.each(attackTests)('%s: a test of %s', (_, file, name) => {
    const text = readFileSync(join(projectDirectory, file), 'utf8');
    expect(text).toContain(name);
  });
});
