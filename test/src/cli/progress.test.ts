import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { TerminalProgress } from '../../../src/cli/progress.ts';
import { waitFor } from '../../../src/core/wait.ts';

/** A stream that remembers what was written to it. */
class Screen extends PassThrough {
  written = '';
  readonly isTTY: boolean;
  readonly columns = 80;
  readonly rows = 24;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
    this.on('data', (chunk: Buffer) => {
      this.written += chunk.toString();
    });
  }

  asStream(): NodeJS.WriteStream {
    return this as unknown as NodeJS.WriteStream;
  }
}

describe('TerminalProgress', () => {
  it('writes one plain line per finished step where there is no terminal', async () => {
    const screen = new Screen(false);
    const progress = new TerminalProgress(screen.asStream());
    const [build, sign] = [progress.step('build'), progress.step('sign')];
    build.update('half of it');
    expect(screen.written).toBe('');
    build.done();
    sign.fail('no key');
    progress.print('a line');
    expect(screen.written).toMatch(/^✓ build – half of it \(0\.\d s\)\n✗ sign – no key \(0\.\d s\)\na line\n$/);
  });

  it('ends a step once, whatever comes later', () => {
    const screen = new Screen(false);
    const step = new TerminalProgress(screen.asStream()).step('build');
    step.done('good');
    step.fail('late');
    expect(screen.written).toMatch(/^✓ build – good \(0\.\d s\)\n$/);
  });

  it('draws the steps that run on a terminal, and prints what is finished above them', async () => {
    const screen = new Screen(true);
    const progress = new TerminalProgress(screen.asStream());
    const [build, sign] = [progress.step('build'), progress.step('sign')];
    sign.update('waiting');
    await waitFor(() => screen.written.includes('sign – waiting'), { what: 'a drawing', timeoutMs: 2_000 });
    build.done();
    sign.done();
    const lines = stripVTControlCharacters(screen.written).split('\n');
    expect(lines.filter((line) => line.startsWith('✓'))).toEqual([
      expect.stringMatching(/^✓ build \(/),
      expect.stringMatching(/^✓ sign – waiting \(/),
    ]);
  });
});
