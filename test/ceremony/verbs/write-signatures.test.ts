import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openEvent } from '../../../ceremony/event/event.ts';
import { addSignature, formatSignature, readSignatures } from '../../../ceremony/event/signature-file.ts';
import { signReview } from '../../../ceremony/sign-review.ts';
import { writeSignatures } from '../../../ceremony/verbs/write-signatures.ts';
import { CeremonyBench } from '../../support/ceremony-bench.ts';
import { seededSigner } from '../../support/root-of-trust.ts';

const bench = await CeremonyBench.begin();
await bench.plan('genesis', 'kind: genesis\nreason: begin\n');
await bench.freeze('genesis');
const review = await bench.review('genesis');
const sign = () => signReview(review, seededSigner('alice'));
afterAll(() => bench[Symbol.asyncDispose]());

let to: string;
beforeEach(async () => {
  to = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
});
afterEach(async () => await rm(to, { recursive: true, force: true }));
const write = async () => await writeSignatures(review, await sign(), { to, codes: false });

describe('writeSignatures', () => {
  it('accepts what an interrupted run left: it stays, and the rest is written', async () => {
    await write();
    const [first = '', second = ''] = (await readdir(to)).sort().map((name) => join(to, name));
    const before = await readFile(first, 'utf8');
    await rm(second);
    await write();
    expect(await readFile(first, 'utf8')).toBe(before);
    expect(JSON.parse(await readFile(second, 'utf8'))).toMatchObject({ event: 'genesis' });
  });

  it('refuses to overwrite a signature that was made for another revision', async () => {
    const [root] = await sign();
    if (!root) throw new Error('nothing was signed');
    await write();
    const name = (await readdir(to)).find((each) => each.startsWith('root.')) ?? '';
    await writeFile(join(to, name), formatSignature({ ...root, revision: 7 }));
    await expect(write()).rejects.toThrowToolkit('CORE_FILE_EXISTS');
  });

  it('refuses what is there in the place of a signature and does not verify', async () => {
    await write();
    const path = join(to, (await readdir(to))[0] ?? '');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/"sig": "[0-9a-f]+"/, '"sig": "3006020101020101"'));
    await expect(write()).rejects.toThrowToolkit('CER_SIGNATURE_INVALID');
  });
});

describe('readSignatures', () => {
  it('accepts a directory in which a killed run left half a file', async () => {
    const event = await openEvent(bench.layout.event('genesis'));
    for (const signature of await sign()) await addSignature(event, review, signature);
    await writeFile(join(event.layout.signatures, '.root.v1.0011aabb.json.0123456789abcdef.tmp'), '{');
    expect(await readSignatures(event)).toHaveLength(2);
  });
});
