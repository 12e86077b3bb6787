import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { openEvent } from '../../../ceremony/event/event.ts';
import { eventStatus } from '../../../ceremony/event/event-status.ts';
import { addSignature, parseSignature, type SignatureDocument } from '../../../ceremony/event/signature-file.ts';
import { signReview } from '../../../ceremony/sign-review.ts';
import { keyId, tufKey } from '../../../src/tuf/key.ts';
import { CeremonyBench } from '../../support/ceremony-bench.ts';
import { eventCases } from '../../support/ceremony-events.ts';
import { seededSigner } from '../../support/root-of-trust.ts';

const bench = await CeremonyBench.published();
afterAll(() => bench[Symbol.asyncDispose]());
await bench.plan('event', eventCases.renew.intent);
await bench.freeze('event');
const review = await bench.review('event');
const [ofRoot, ofTargets] = (await signReview(review, seededSigner('alice'))) as [SignatureDocument, SignatureDocument];
const bobs = keyId(tufKey(seededSigner('bob').publicKey));

const eventOf = async (copy: CeremonyBench) => await openEvent(copy.layout.event('event'));
const add = async (copy: CeremonyBench, signature: SignatureDocument) =>
  await addSignature(await eventOf(copy), review, signature);

describe('addSignature', () => {
  it('accepts it once', async () => {
    await using copy = await bench.copy();
    await add(copy, ofRoot);
    await add(copy, ofTargets);
    const { quorums, complete } = await eventStatus(await eventOf(copy), review);
    expect(quorums.map(({ payload, have, need }) => `${payload}: ${have} of ${need}`)).toEqual([
      'root v2: 1 of 3',
      'root v2: 1 of 3',
      'targets v2: 1 of 3',
    ]);
    expect(quorums.every(({ signed }) => signed.length === 1 && signed[0]?.startsWith('alice'))).toBe(true);
    expect(complete).toBe(false);
  });

  it('refuses a holder who signs twice', async () => {
    await using copy = await bench.copy();
    await add(copy, ofRoot);
    const [again] = await signReview(review, seededSigner('alice'));
    await expect(add(copy, again as SignatureDocument)).rejects.toThrowToolkit('CER_SIGNATURE_REPEATED');
  });

  it('refuses to assemble a holder’s two signatures under two names', async () => {
    await using copy = await bench.copy();
    await copy.sign('event', ['alice', 'bob'].map(seededSigner));
    const { signatures } = copy.layout.event('event');
    const [name = ''] = await readdir(signatures);
    await cp(join(signatures, name), join(signatures, `again.${name}`));
    await expect(copy.assemble('event')).rejects.toThrowToolkit('CER_SIGNATURE_REPEATED', { role: 'root' });
  });

  it.each<readonly [string, Partial<SignatureDocument>]>([
    ['another event', { event: 'other' }],
    ['another repository', { repository: '0'.repeat(32) }],
    ['another plan', { planDigest: 'f'.repeat(64) }],
  ])('refuses one that says it is for %s', async (_, change) => {
    await using copy = await bench.copy();
    await expect(add(copy, { ...ofRoot, ...change })).rejects.toThrowToolkit('CER_SIGNATURE_OTHER_PLAN');
  });

  it.each<readonly [string, Partial<SignatureDocument>, string]>([
    ['another payload', { digest: 'f'.repeat(64) }, 'CER_SIGNATURE_FOREIGN'],
    ['another version', { version: 3 }, 'CER_SIGNATURE_FOREIGN'],
    ['a payload of another role', { role: 'targets' }, 'CER_SIGNATURE_FOREIGN'],
    ['a key that no quorum lists', { keyid: 'f'.repeat(64) }, 'CER_SIGNATURE_FOREIGN'],
    ['another holder’s key (relabelled)', { keyid: bobs }, 'CER_SIGNATURE_INVALID'],
    ['other bytes', { sig: ofTargets.sig }, 'CER_SIGNATURE_INVALID'],
    [
      'nothing, one bit being flipped',
      { sig: ofRoot.sig.replace(/.$/, (c) => (c === '0' ? '1' : '0')) },
      'CER_SIGNATURE_INVALID',
    ],
  ])('refuses one for %s', async (_, change, code) => {
    await using copy = await bench.copy();
    await expect(add(copy, { ...ofRoot, ...change })).rejects.toThrowToolkit(code);
    expect((await eventStatus(await eventOf(copy), review)).quorums.every(({ have }) => have === 0)).toBe(true);
  });

  it('refuses to assemble what was put there by hand', async () => {
    await using copy = await bench.copy();
    await copy.sign('event', ['alice', 'bob', 'carol'].map(seededSigner));
    const { signatures } = copy.layout.event('event');
    const [name = ''] = await readdir(signatures);
    const path = join(signatures, name);
    const text = await readFile(path, 'utf8');
    const { sig, event } = parseSignature(await readFile(path), path);
    await writeFile(path, text.replace(sig, ofTargets.sig));
    await expect(copy.assemble('event')).rejects.toThrowToolkit('CER_SIGNATURE_INVALID', { role: 'root' });
    await writeFile(path, text.replace(`"event": "${event}"`, '"event": "other"'));
    await expect(copy.assemble('event')).rejects.toThrowToolkit('CER_SIGNATURE_OTHER_PLAN');
    await writeFile(path, text.replace('sigstead-signature/v1', 'sigstead-signature/v2'));
    await expect(copy.assemble('event')).rejects.toThrowToolkit('CER_SIGNATURE_FILE');
  });

  it('refuses a signature by who is in no quorum of the event', async () => {
    await expect(signReview(review, seededSigner('mallory'))).rejects.toThrowToolkit('CER_SIGNER_UNKNOWN');
  });
});
