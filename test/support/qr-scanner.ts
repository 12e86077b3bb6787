import jsqr from 'jsqr';

/** A QR code, dark modules true. */
export type Modules = readonly (readonly boolean[])[];

const scale = 3;

/** Draws the modules as a camera sees them, and reads them. */
export function scan(modules: Modules): { readonly text: string; readonly bytes: readonly number[] } | undefined {
  const size = modules.length * scale;
  const pixels = new Uint8ClampedArray(size * size * 4).fill(255);
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const dark = modules[Math.floor(y / scale)]?.[Math.floor(x / scale)] === true;
      if (dark) pixels.fill(0, (y * size + x) * 4, (y * size + x) * 4 + 3);
    }
  }
  const found = jsqr.default(pixels, size, size, { inversionAttempts: 'dontInvert' });
  return found ? { text: found.data, bytes: found.binaryData } : undefined;
}

/** Reads what `qrSvg` drew. */
export function modulesOfSvg(svg: string): Modules {
  const size = Number(/viewBox="0 0 (\d+) \1"/.exec(svg)?.[1]);
  const dark = new Set(Array.from(svg.matchAll(/M(\d+) (\d+)h1v1h-1z/g), ([, x, y]) => `${x} ${y}`));
  return Array.from({ length: size }, (_, y) => Array.from({ length: size }, (__, x) => dark.has(`${x} ${y}`)));
}

/** Reads what `qrForTerminal` printed. */
export function modulesOfLines(text: string): Modules {
  const lines = text.trimEnd().split('\n');
  const blocks = lines.map((line) => Array.from(line.replace('\u001b[30;107m', '').replace('\u001b[0m', '')));
  const rows = blocks.flatMap((line) => [
    line.map((block) => '█▀'.includes(block)),
    line.map((block) => '█▄'.includes(block)),
  ]);
  return rows.slice(0, blocks[0]?.length);
}
