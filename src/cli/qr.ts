import { encode } from 'uqr';
import { utf8 } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';

/** The margin that scanners need around a code, in modules (ISO/IEC 18004). */
const quietZone = 4;

/** How much a code holds: characters of the alphanumeric set, or bytes. */
interface Capacity {
  readonly ecc: 'L' | 'M';
  readonly alphanumeric: number;
  readonly bytes: number;
}

/** Version 20. Up to its size a screen has room for the better correction. */
const sturdy: Capacity = { ecc: 'M', alphanumeric: 970, bytes: 666 };
/** Version 40, the largest there is. */
const largest: Capacity = { ecc: 'L', alphanumeric: 4_296, bytes: 2_953 };

const black = '\u001b[30;107m';
const reset = '\u001b[0m';
/** By what is dark: both modules, the lower, the upper, none. */
const halfBlocks = { '11': '█', '01': '▄', '10': '▀', '00': ' ' } as const;

/**
 * Returns a QR code as lines of half blocks, two modules high each, with its quiet zone. Dark and light are named, not
 * left to the terminal: a scanner wants dark on light whatever the person prefers.
 *
 * Text of `0-9A-Z $%*+-./:` takes less room than other text; bytes are taken as they are.
 * @throws CLI_QR_TOO_LARGE
 */
export function qrForTerminal(data: Uint8Array | string): string {
  const rows = modulesOf(data);
  const starts = rows.flatMap((_, index) => (index % 2 === 0 ? [index] : []));
  const lines = starts.map((start) => {
    const upper = rows[start] ?? [];
    const lower = rows[start + 1] ?? [];
    const blocks = upper.map((dark, column) => halfBlocks[`${bit(dark)}${bit(lower[column] ?? false)}`]);
    return `${black}${blocks.join('')}${reset}\n`;
  });
  return lines.join('');
}

/**
 * Returns a QR code as one SVG element for a printed page: a white square with one path, one unit for each module.
 * @throws CLI_QR_TOO_LARGE
 */
export function qrSvg(data: Uint8Array | string): string {
  const rows = modulesOf(data);
  const path = rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  const size = rows.length;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">` +
    `<path fill="#fff" d="M0 0h${size}v${size}H0z"/><path d="${path}"/></svg>`
  );
}

function modulesOf(data: Uint8Array | string): readonly (readonly boolean[])[] {
  const ecc = capacityFor(data).ecc;
  return encode(typeof data === 'string' ? data : Array.from(data), { ecc, border: quietZone }).data;
}

function capacityFor(data: Uint8Array | string): Capacity {
  const alphanumeric = typeof data === 'string' && /^[0-9A-Z $%*+\-./:]*$/.test(data);
  const size = typeof data === 'string' ? utf8(data).length : data.length;
  const mode = alphanumeric ? 'alphanumeric' : 'bytes';
  const chosen = [sturdy, largest].find((capacity) => size <= capacity[mode]);
  if (chosen) return chosen;
  const unit = alphanumeric ? 'characters' : 'bytes';
  throw new ToolkitError('CLI_QR_TOO_LARGE', {
    message: `expected at most ${largest[mode]} ${unit} for one QR code, got ${size}`,
    fault: 'input',
    data: { size, maxSize: largest[mode] },
    hint: 'hand it over as a file',
  });
}

function bit(dark: boolean): '0' | '1' {
  return dark ? '1' : '0';
}
