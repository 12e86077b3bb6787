import { printable } from '../../src/core/printable.ts';

/** Returns text that Markdown shows as it is, also in a cell of a table: no markup, no HTML, no link. */
export function plain(text: string): string {
  return printable(text).replace(/[\\`*_[\]<>|&#~]/g, String.raw`\$&`);
}

/** Returns text as code, also in a cell of a table. */
export function code(text: string): string {
  const shown = printable(text).replaceAll('|', String.raw`\|`);
  const longest = Math.max(0, ...Array.from(shown.matchAll(/`+/g), ([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `\`${shown}\`` : `${fence} ${shown} ${fence}`;
}

/** Returns lines as a block of code; they hold no line of three backticks. */
export function block(lines: readonly string[]): string {
  return ['```text', ...lines.map(printable), '```'].join('\n');
}

/** Returns a table of cells that are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Joins paragraphs into a document. */
export function document(...paragraphs: readonly string[]): string {
  return `${paragraphs.filter((paragraph) => paragraph !== '').join('\n\n')}\n`;
}
