/** Columns of the terminal that is drawn: longer lines break at a space, as far as there is one. */
const columns = 120;
const characterWidth = 8.4;
const lineHeight = 20;
const margin = 24;

/** Returns the lines as they are drawn: with the given names in place of paths, and none too long. */
export function shown(lines: readonly string[], paths: Readonly<Record<string, string>>): readonly string[] {
  const named = (line: string) =>
    Object.entries(paths).reduce((text, [path, name]) => text.replaceAll(path, name), line);
  return lines.flatMap((line) => wrapped(named(line)));
}

/** Breaks a line at its spaces, and indents all that goes on below it alike; a word is never cut. */
export function wrapped(line: string): readonly string[] {
  const indent = /^ */.exec(line)?.[0] ?? '';
  return broken(indent, line.slice(indent.length), `${indent}    `);
}

function broken(indent: string, words: string, below: string): readonly string[] {
  const room = columns - indent.length;
  if (words.length <= room) return [indent + words];
  const end = words.lastIndexOf(' ', room);
  const at = end > 0 ? end : words.indexOf(' ', room);
  if (at === -1) return [indent + words];
  return [indent + words.slice(0, at), ...broken(below, words.slice(at + 1), below)];
}

/** Draws the lines as an SVG. */
export function draw(lines: readonly string[]): string {
  const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * characterWidth + 2 * margin);
  const height = lines.length * lineHeight + 2 * margin;
  const rows = lines.map((line, index) => {
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

/** Returns the lines of a picture that `draw` drew. */
export function linesOf(svg: string): readonly string[] {
  return [...svg.matchAll(/<text [^>]*>(.*)<\/text>/g)].map(([, text = '']) => plain(text));
}

function colourOf(line: string): string {
  if (line.startsWith('✓')) return ' fill="#7ee787"';
  if (line.startsWith('$') || line === '^C') return ' fill="#ffffff" font-weight="bold"';
  return line.startsWith('  cosign') ? ' fill="#79c0ff"' : '';
}

function escapeXml(line: string): string {
  return line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function plain(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
