import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { payloadQr, readPayloadQr } from '../../../ceremony/air-gap/qr-text.ts';
import { openEvent } from '../../../ceremony/event/event.ts';
import { parsePacket } from '../../../ceremony/packet/packet.ts';
import { signReview } from '../../../ceremony/sign-review.ts';
import { ceremonyAddSignatureCommand } from '../../../ceremony/verbs/collect.ts';
import { ceremonyPacketExportCommand, ceremonyPacketImportCommand } from '../../../ceremony/verbs/packet.ts';
import { writeSignatures } from '../../../ceremony/verbs/write-signatures.ts';
import { parseHex } from '../../../src/core/bytes.ts';
import { sha256Hex } from '../../../src/core/digest.ts';
import { wordLines } from '../../../src/core/words.ts';
import { CeremonyBench } from '../../support/ceremony-bench.ts';
import { runCommand } from '../../support/invocation.ts';
import { modulesOfLines, modulesOfSvg, scan } from '../../support/qr-scanner.ts';
import { now, seededSigner } from '../../support/root-of-trust.ts';

/* What crosses the gap as pictures, read by a scanner of another make. */

const name = '2026-11-22-genesis';
const clock = { now: () => now };

let bench: CeremonyBench;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-codes-'));
  bench = await CeremonyBench.begin();
  await bench.plan(name, 'kind: genesis\nreason: begin\n');
  await bench.freeze(name);
});

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

describe('the codes of packet export', () => {
  it('carry the bytes to sign and the digest of the plan, as the packet has them', async () => {
    const [packetFile, codes] = [join(directory, 'packet.json'), join(directory, 'codes')];
    const words = [name, '--dir', bench.layout.directory, '--to', packetFile, '--qr', codes];
    await runCommand(ceremonyPacketExportCommand, words, { clock });
    const packet = parsePacket(await readFile(packetFile), packetFile);
    const { planDigest } = await openEvent(bench.layout.event(name));
    for (const { role, canonical } of packet.payloads) {
      const scanned = scan(modulesOfSvg(await readFile(join(codes, `${role}.v1.svg`), 'utf8')));
      const payload = readPayloadQr(scanned?.text ?? '');
      expect(payload).toEqual({ event: name, revision: 1, role, version: 1, planDigest, canonical: expect.anything() });
      expect(Buffer.from(payload.canonical).equals(canonical)).toBe(true);
    }
    expect(packet.payloads.map(({ role }) => role)).toEqual(['root', 'targets']);
  });
});

describe('packet import', () => {
  it('takes a code from a scanner, and says the words to compare', async () => {
    const [packetFile, codes, into] = ['of-codes.json', 'more-codes', 'look'].map((file) => join(directory, file));
    const words = [name, '--dir', bench.layout.directory, '--to', packetFile ?? '', '--qr', codes ?? ''];
    await runCommand(ceremonyPacketExportCommand, words, { clock });
    const answer = scan(modulesOfSvg(await readFile(join(codes ?? '', 'root.v1.svg'), 'utf8')))?.text ?? '';
    const scanned = { answers: [{ question: /text of the QR code/, answer }], clock };
    const { outcome } = await runCommand(ceremonyPacketImportCommand, ['--qr', '--into', into ?? ''], scanned);
    const canonical = await readFile(join(into ?? '', 'root.v1.canonical'));
    const { planDigest, plan } = await openEvent(bench.layout.event(name));
    expect(sha256Hex(canonical)).toBe(plan.payloads[0]?.sha256);
    expect(outcome?.json).toMatchObject({
      event: name,
      planSha256: planDigest,
      files: [{ sha256: sha256Hex(canonical) }],
    });
    for (const digest of [planDigest, sha256Hex(canonical)]) {
      for (const line of wordLines(parseHex(digest))) expect(outcome?.text).toContain(line);
    }
    await writeFile(join(into ?? '', 'root.v1.canonical'), 'another');
    const again = runCommand(ceremonyPacketImportCommand, ['--qr', '--into', into ?? ''], scanned);
    await expect(again).rejects.toThrowToolkit('CORE_FILE_EXISTS');
  });

  it('refuses a code with one character changed, and writes nothing', async () => {
    const { planDigest, payloads, plan } = await openEvent(bench.layout.event(name));
    const canonical = payloads[0]?.canonical ?? new Uint8Array();
    const text = payloadQr({ event: name, revision: plan.revision, role: 'root', version: 1, planDigest, canonical });
    const answer = `${text.slice(0, 40)}${text[40] === 'A' ? 'B' : 'A'}${text.slice(41)}`;
    const into = join(directory, 'damaged');
    const answers = [{ question: /text of the QR code/, answer }];
    const run = runCommand(ceremonyPacketImportCommand, ['--qr', '--into', into], { answers, clock });
    await expect(run).rejects.toThrowToolkit('CER_QR_DAMAGED');
    await expect(readdir(into)).rejects.toThrow('ENOENT');
  });

  it('refuses to run on neither a file nor a code', async () => {
    const run = runCommand(ceremonyPacketImportCommand, ['--into', join(directory, 'nothing')], { clock });
    await expect(run).rejects.toThrowToolkit('CLI_USAGE');
  });
});

describe('the codes of sign', () => {
  it('are signatures that add-signature takes from a scanner', async () => {
    const review = await bench.review(name);
    const { plan, planDigest } = review;
    const made = await signReview(review, seededSigner('alice'));
    expect(made).toHaveLength(2);
    const { text } = await writeSignatures(review, made, { to: join(directory, 'out'), codes: true });
    const [first = '', second = ''] = text.split(/^signed .*\n.*\n/m).slice(1);
    for (const [index, code] of [first, second.replace(/verified by.*\n$/, '')].entries()) {
      const answer = scan(modulesOfLines(code))?.text ?? '';
      const answers = [{ question: /text of the QR code/, answer }];
      const words = [name, '--dir', bench.layout.directory, '--qr'];
      const { outcome } = await runCommand(ceremonyAddSignatureCommand, words, { clock, answers });
      const { added = '' } = (outcome?.json ?? {}) as { readonly added?: string };
      const { role, version, keyid } = made[index] ?? {};
      expect(JSON.parse(await readFile(added, 'utf8'))).toMatchObject({ role, version, keyid, planDigest });
    }
    expect(plan.payloads).toHaveLength(2);
  });
});
