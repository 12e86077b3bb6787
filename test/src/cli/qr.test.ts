import { describe, expect, it } from '@jest/globals';
import { qrForTerminal, qrSvg } from '../../../src/cli/qr.ts';
import { modulesOfLines, modulesOfSvg, scan } from '../../support/qr-scanner.ts';

const alphanumeric = 'SIGSTEAD-P1:+/$ 0';
const sizes = [1, 666, 667, 2_953];

describe('qrSvg', () => {
  it.each(sizes)('accepts %i bytes, and a scanner reads them', (length) => {
    const bytes = Uint8Array.from({ length }, (_, index) => (index * 37) % 256);
    expect(scan(modulesOfSvg(qrSvg(bytes)))?.bytes).toEqual([...bytes]);
  });

  it.each([1, 970, 971, 4_296])('accepts %i characters of the alphanumeric set', (length) => {
    const text = alphanumeric.repeat(300).slice(0, length);
    expect(scan(modulesOfSvg(qrSvg(text)))?.text).toBe(text);
  });

  it('accepts other text as UTF-8', () => {
    expect(scan(modulesOfSvg(qrSvg('zwölf')))?.text).toBe('zwölf');
  });

  it('makes one element, with a margin of four modules', () => {
    const svg = qrSvg('HELLO');
    expect(svg).toMatch(/^<svg [^<>]+><path [^<>]+\/><path [^<>]+\/><\/svg>$/);
    expect(modulesOfSvg(svg).slice(0, 4).flat()).not.toContain(true);
    expect(modulesOfSvg(svg).flatMap((row) => row.slice(-4))).not.toContain(true);
  });
});

describe('qrForTerminal', () => {
  it.each(['HELLO', 'hello', alphanumeric.repeat(100)])(
    'accepts %.20j…, and a scanner reads it from the screen',
    (text) => {
      expect(scan(modulesOfLines(qrForTerminal(text)))?.text).toBe(text);
    },
  );

  it('says which side is dark on every line, whatever colours the terminal has', () => {
    const lines = qrForTerminal('HELLO').trimEnd().split('\n');
    expect(lines[0]).toBe(`\u001b[30;107m${' '.repeat(29)}\u001b[0m`);
    for (const line of lines) {
      expect([line.slice(0, 9), line.slice(-4)]).toEqual(['\u001b[30;107m', '\u001b[0m']);
      expect(line.slice(9, -4)).toMatch(/^[ ▀▄█]{29}$/u);
    }
  });

  it.each([
    [new Uint8Array(2_954), 2_954, 2_953],
    ['é'.repeat(1_477), 2_954, 2_953],
    ['A'.repeat(4_297), 4_297, 4_296],
  ])('refuses more than one code holds', (data, size, maxSize) => {
    expect(() => qrForTerminal(data)).toThrowToolkit('CLI_QR_TOO_LARGE', { size, maxSize });
    expect(() => qrSvg(data)).toThrowToolkit('CLI_QR_TOO_LARGE', { size, maxSize });
  });
});
