/**
 * Draws the picture of the README from a real run: `node docs/picture.ts` brings an instance up, signs, verifies,
 * stops, and writes what the terminal showed as docs/assets/first-run.svg.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../src/process/run-program.ts';

const project = fileURLToPath(new URL('..', import.meta.url));
const characterWidth = 8.4;
const lineHeight = 20;
const margin = 24;

const { exitCode, stdout, stderr } = await runProgram({
  file: `${project}bin/sigstead`,
  args: ['up', '--once'],
  env: { PATH: process.env['PATH'] ?? '', HOME: homedir() },
  timeoutMs: 900_000,
});
if (exitCode !== 0) throw new Error(stderr);

const talk = stderr.trimEnd().split('\n');
const stopping = talk.findIndex((line) => line.includes('stopping'));
const lines = [
  '$ ./bin/sigstead up --once',
  ...talk.slice(0, stopping),
  ...stdout.trimEnd().split('\n'),
  ...talk.slice(stopping),
];

await mkdir(`${project}docs/assets`, { recursive: true });
await writeFile(
  `${project}docs/assets/first-run.svg`,
  draw(lines.map((line) => line.replaceAll(homedir(), '~').slice(0, 110))),
);

function draw(text: readonly string[]): string {
  const width = Math.ceil(Math.max(...text.map((line) => line.length)) * characterWidth + 2 * margin);
  const height = text.length * lineHeight + 2 * margin;
  const rows = text.map((line, index) => {
    const y = margin + (index + 0.8) * lineHeight;
    return `<text x="${margin}" y="${y}" xml:space="preserve"${colourOf(line)}>${escapeXml(line)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="A first run of sigstead in a terminal">
<rect width="100%" height="100%" rx="8" fill="#14181f"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="#d6dde8">
${rows.join('\n')}
</g>
</svg>
`;
}

function colourOf(line: string): string {
  if (line.startsWith('✓')) return ' fill="#7ee787"';
  if (line.startsWith('$')) return ' fill="#ffffff" font-weight="bold"';
  return line.startsWith('  cosign') ? ' fill="#79c0ff"' : '';
}

function escapeXml(line: string): string {
  return line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
