import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { frame, unframe } from '../../../ceremony/air-gap/qr-frame.ts';
import {
  payloadQr,
  type QrPayload,
  type QrSignature,
  readPayloadQr,
  readSignatureQr,
  signatureQr,
} from '../../../ceremony/air-gap/qr-text.ts';
import { qrForTerminal, qrSvg } from '../../../src/cli/qr.ts';
import { concat, utf8 } from '../../../src/core/bytes.ts';
import { sha256, sha256Hex } from '../../../src/core/digest.ts';
import type { Json } from '../../../src/core/json.ts';
import { canonicalize } from '../../../src/tuf/canonical-json.ts';
import { parseMetadata } from '../../../src/tuf/metadata.ts';
import { modulesOfLines, modulesOfSvg, scan } from '../../support/qr-scanner.ts';
import { readFixtureTarball } from '../../support/tarball.ts';

const expires = '2026-12-01T00:00:00Z';
const targets = (version: number, more: Readonly<Record<string, Json>> = {}): Uint8Array =>
  canonicalize({ _type: 'targets', spec_version: '1.0.31', version, expires, targets: {}, ...more });
const payload: QrPayload = {
  event: '2026-11-02-rotate-alice',
  revision: 2,
  role: 'targets',
  version: 7,
  planDigest: sha256Hex('plan'),
  canonical: targets(7, { 'x-note': 'two\nlines, a "quote" and a \\' }),
};
const signature: QrSignature = {
  planDigest: sha256Hex('plan'),
  role: 'targets',
  version: 7,
  digest: sha256Hex(payload.canonical),
  keyid: sha256Hex('key'),
  sig: '3044'.padEnd(144, '7a'),
};

/** A payload with a good checksum, whatever is in it. */
function forged(line: string, deflated: Uint8Array): string {
  return frame('P1', concat(sha256('plan'), utf8(line), deflated));
}

const deflate = (bytes: Uint8Array): Uint8Array => deflateRawSync(bytes, { level: 9 });
const line = '2026-11-02-rotate-alice 2 targets 7\n';

describe('payloadQr', () => {
  it('accepts a payload, and it is read as it was', () => {
    expect(readPayloadQr(payloadQr(payload))).toEqual(payload);
  });

  it('writes only characters that a QR code stores in eleven bits a pair', () => {
    expect(payloadQr(payload)).toMatch(/^SIGSTEAD-P1:[0-9A-Z $%*+\-./:]+$/);
  });

  it('refuses more than one QR code holds', () => {
    const noise = Array.from({ length: 100 }, (_, index) => sha256Hex(`${index}`)).join('');
    const canonical = targets(7, { 'x-noise': noise });
    expect(() => payloadQr({ ...payload, canonical })).toThrowToolkit('CER_QR_TOO_LARGE', { maxCharacters: 4_296 });
  });

  it.each([{ version: 8 }, { role: 'root' }, { event: 'Two Words' }, { revision: 0 }] as const)(
    'refuses to write what would not be read: %j',
    (wrong) => {
      expect(() => payloadQr({ ...payload, ...wrong })).toThrowToolkit('CER_QR_DAMAGED');
    },
  );
});

describe('readPayloadQr', () => {
  it('refuses a text with any one character changed', () => {
    const text = payloadQr(payload);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(...'0AZ $:'), (index, char) => {
        fc.pre(text[index] !== char);
        const changed = text.slice(0, index) + char + text.slice(index + 1);
        expect(() => readPayloadQr(changed)).toThrowToolkit('CER_QR_DAMAGED');
      }),
    );
  });

  it('refuses a text that is cut off or goes on', () => {
    const text = payloadQr(payload);
    const others = [text.slice(0, -3), `${text}000`, '', 'SIGSTEAD-P1:', text.toLowerCase(), ` ${text}`];
    for (const other of others) expect(() => readPayloadQr(other)).toThrowToolkit('CER_QR_DAMAGED');
    expect(() => readPayloadQr(text.padEnd(4_297, '0'))).toThrowToolkit('CER_QR_DAMAGED');
    expect(() => readPayloadQr(signatureQr(signature))).toThrowToolkit('CER_QR_DAMAGED');
  });

  it.each([
    ['bytes after the deflated ones', line, concat(deflate(payload.canonical), Uint8Array.of(0))],
    ['deflated bytes that end early', line, deflate(payload.canonical).subarray(0, -1)],
    ['another version than the bytes have', line.replace(' 7', ' 8'), deflate(payload.canonical)],
    ['another role than the bytes have', line.replace('targets', 'root'), deflate(payload.canonical)],
    ['an unknown role', line.replace('targets', 'mirrors'), deflate(payload.canonical)],
    ['a version that no double holds', line.replace(' 7', ' 9999999999999999'), deflate(payload.canonical)],
    ['no line', '', deflate(payload.canonical)],
    ['JSON that is not canonical', line, deflate(concat(payload.canonical, utf8(' ')))],
    ['bytes that are no JSON', line, deflate(utf8('{'))],
    ['bytes that are no text', line, deflate(Uint8Array.of(0xff))],
    ['more than a client would download', line.replace('targets', 'timestamp'), deflate(new Uint8Array(16_385))],
  ])('refuses %s', (_, first, rest) => {
    expect(() => readPayloadQr(forged(first, rest))).toThrowToolkit('CER_QR_DAMAGED');
  });
});

describe('readSignatureQr', () => {
  it('accepts what signatureQr made', () => {
    expect(readSignatureQr(signatureQr(signature))).toEqual(signature);
  });

  it('refuses a changed character', () => {
    const text = signatureQr(signature);
    const changed = `${text.slice(0, 40)}${text[40] === 'A' ? 'B' : 'A'}${text.slice(41)}`;
    expect(() => readSignatureQr(changed)).toThrowToolkit('CER_QR_DAMAGED');
  });

  it.each([{ sig: '' }, { sig: 'ab'.repeat(1_025) }, { keyid: 'abcd' }, { version: 0 }])('refuses %j', (wrong) => {
    expect(() => signatureQr({ ...signature, ...wrong })).toThrowToolkit('CER_QR_DAMAGED');
  });

  it('refuses fewer bytes than the digests have', () => {
    expect(() => readSignatureQr(frame('S1', sha256('plan')))).toThrowToolkit('CER_QR_DAMAGED');
    expect(unframe('S1', frame('S1', new Uint8Array()))).toEqual(new Uint8Array());
  });
});

const root = readFixtureTarball('public-good-root.tar.gz')?.get('public-good-root/metadata/root_history/15.root.json');
const title = 'the public instance’s root v15';

(root ? describe : describe.skip)(root ? title : `SKIPPED, ../shared/fixtures is absent: ${title}`, () => {
  it('fits one QR code, and crosses the gap from paper and from a screen', () => {
    const { canonical } = parseMetadata(root ?? new Uint8Array(), 'root');
    expect(canonical.length).toBe(3_722);
    const text = payloadQr({ ...payload, role: 'root', version: 15, canonical });
    expect(text.length).toBeLessThan(2_000);
    for (const modules of [modulesOfSvg(qrSvg(text)), modulesOfLines(qrForTerminal(text))]) {
      expect(readPayloadQr(scan(modules)?.text ?? '').canonical).toEqual(canonical);
    }
  });
});
