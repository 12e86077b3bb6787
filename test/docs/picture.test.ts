import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { draw, linesOf, shown, wrapped } from '../../docs/terminal-picture.ts';
import { outcomeOf } from '../../operate/up-report.ts';
import { projectDirectory } from '../support/instance.ts';
import { sampleUpReport } from '../support/up-report.ts';

const picture = linesOf(await readFile(join(projectDirectory, 'docs', 'assets', 'first-run.svg'), 'utf8'));

describe('the picture of the README', () => {
  it('shows what "up" prints, from its start to Ctrl-C', () => {
    // After a change: npm run picture
    const printed = shown(outcomeOf(sampleUpReport).text.trimEnd().split('\n'), { '/home/dev/': '~/' });
    expect(picture.map(skeleton).join('\n')).toContain(printed.map(skeleton).join('\n'));
    expect(picture[0]).toBe('$ npm start');
    expect(picture.slice(-2).map(skeleton)).toEqual(['^C', '✓ stopping (TIME)']);
  });
});

describe('wrapped', () => {
  const long = `  ${'word '.repeat(30)}end`;

  it('breaks a long line at its spaces, and loses nothing of it', () => {
    const lines = wrapped(long);
    expect(lines).toHaveLength(2);
    expect(lines.every((line) => line.length <= 120)).toBe(true);
    expect(lines[1]).toMatch(/^ {6}word/);
    expect(lines.join(' ').split(/ +/)).toEqual(long.split(/ +/));
  });

  it('indents every line below the first alike', () => {
    const lines = wrapped(`  ${'word '.repeat(60)}end`);
    expect(lines.map((line) => line.search(/\S/))).toEqual([2, 6, 6]);
    expect(lines.every((line) => line.length <= 120)).toBe(true);
  });

  it.each(['', 'short', 'x'.repeat(200), `  ${'x'.repeat(200)}`])(
    'leaves alone what has no place to break: %s',
    (line) => {
      expect(wrapped(line)).toEqual([line]);
    },
  );
});

describe('draw', () => {
  it('draws what linesOf reads', () => {
    const lines = ['$ npm start', '', '  a < b && c > d &lt;', '✓ done'];
    expect(linesOf(draw(lines))).toEqual(lines);
  });
});

/** A line without what differs from run to run. */
function skeleton(line: string): string {
  return line
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'URL')
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'DIGEST')
    .replaceAll(/\d+\.\d s\b/g, 'TIME')
    .replaceAll(/\d+\.\d+\.\d+/g, 'VERSION');
}
