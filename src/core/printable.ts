import { stripVTControlCharacters } from 'node:util';

/**
 * Returns one line that is safe to show on a terminal, whoever wrote `text`: a terminal obeys escape sequences, a line
 * feed would forge a line of ours, and format characters can reverse what is read.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
    char === '\t' || char === '\n' ? ' ' : '',
  );
}

/** Like `printable`, for text of several lines: they stay apart. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
