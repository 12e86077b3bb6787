import { equalBytes, utf8 } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { type Format, parseFormatted } from '../../src/core/formatted.ts';
import { matching } from '../../src/core/shape.ts';

/** Nothing that holders and coordinators send each other comes near. */
export const maxDocumentBytes = 65_536;

export const holderIdPattern = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;
export const holderId = matching(holderIdPattern, 'a holder id of 1 to 32 characters a-z, 0-9 and "-"');

export const nonce = matching(/^[0-9a-f]{64}$/, '64 lower-case hexadecimal digits');

/** One line for people, with nothing in it that a terminal obeys. */
export const line = matching(
  /^[^\s\p{Cc}\p{Cf}](?:[^\p{Cc}\p{Cf}]{0,62}[^\s\p{Cc}\p{Cf}])?$/u,
  'one line of 1 to 64 characters, without control characters or space around it',
);

/** What to do about a document that is not as it was made. */
export const editedHint =
  'it was edited, damaged on its way, or its line ends were converted: send the file again as it was made, as an attachment or from a checkout with "-text" in .gitattributes';

/**
 * Parses a document that must have the very bytes that `write` gives for it: so a repeated field, another order, a
 * needless escape and converted line ends are refused, whatever the format overlooks.
 * @throws the code of the format, and CORE_TOO_LARGE, CORE_JSON
 */
export function parseAsWritten<T>(
  bytes: Uint8Array,
  format: Format<T>,
  { write, what }: { readonly write: (value: T) => string; readonly what: string },
): T {
  const value = parseFormatted(bytes, format, what);
  if (equalBytes(utf8(write(value)), bytes)) return value;
  throw new ToolkitError(format.code, {
    message: `${what}: expected the bytes as they were written, got other spaces, line ends, order or escapes`,
    fault: 'input',
    data: { what },
    hint: format.hint,
  });
}
