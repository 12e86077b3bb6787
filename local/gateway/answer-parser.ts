/** An answer of a server, read to its end. */
export interface ParsedAnswer {
  readonly status: number;
  /** Lower-case names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** The connection may carry another request: nothing is left on it, and the server keeps it open. */
  readonly keepAlive: boolean;
}

/**
 * A status line and header lines. No name has a space before its colon, no line begins with one, and no value has a
 * control character: proxies have read those differently.
 */
const headGrammar =
  /^HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*)*$/;

interface Head {
  readonly status: number;
  readonly headers: readonly string[];
  readonly keepAlive: boolean;
  /** How the body ends: after so many bytes, with the last chunk, or with the connection. */
  readonly ending: number | 'chunked' | 'close';
}

const maxHeadBytes = 16_384;
const maxLineBytes = 1_024;
const empty = Buffer.alloc(0);

/**
 * Reads one HTTP/1.1 answer from the bytes of a connection, and only one reading of it: what is ambiguous is refused
 * (RFC 9112 §6.3), because what one request leaves on a connection would be the next one's answer.
 */
export class AnswerParser {
  readonly #maxBodyBytes: number;
  #head: Head | undefined;
  #pending: Buffer = empty;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  /** Bytes until the end of the chunk; -1 while a line is read. */
  #chunkLeft = -1;
  #expects: 'size' | 'end-of-chunk' | 'trailer' = 'size';

  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes;
  }

  /**
   * Takes bytes, which may be overwritten afterwards; returns the answer once it is whole.
   * @throws Error if this is no answer, or one with too large a body
   */
  push(bytes: Buffer): ParsedAnswer | undefined {
    let rest = bytes;
    while (this.#head === undefined) {
      const data = this.#pending.length === 0 ? rest : Buffer.concat([this.#pending, rest]);
      const end = data.indexOf('\r\n\r\n');
      if ((end < 0 ? data.length : end) > maxHeadBytes) throw new Error('too large a head');
      if (end < 0) {
        this.#pending = Buffer.from(data);
        return undefined;
      }
      this.#pending = empty;
      rest = data.subarray(end + 4);
      const head = parseHead(data.toString('latin1', 0, end));
      // An interim answer comes before the real one.
      if (head.status >= 200) this.#head = head;
    }
    return this.#readBody(this.#head, rest);
  }

  /** Says that the server closed the connection; returns the answer if that is how it ends. */
  end(): ParsedAnswer | undefined {
    return this.#head?.ending === 'close' ? this.#answer(this.#head, 0) : undefined;
  }

  #readBody(head: Head, bytes: Buffer): ParsedAnswer | undefined {
    if (head.ending === 'chunked') return this.#readChunks(head, bytes);
    if (head.ending === 'close') {
      this.#take(bytes);
      return undefined;
    }
    const wanted = head.ending - this.#length;
    this.#take(bytes.length > wanted ? bytes.subarray(0, wanted) : bytes);
    return this.#length === head.ending ? this.#answer(head, bytes.length - wanted) : undefined;
  }

  #readChunks(head: Head, bytes: Buffer): ParsedAnswer | undefined {
    let offset = 0;
    while (offset < bytes.length) {
      if (this.#chunkLeft > 0) {
        const part = bytes.subarray(offset, offset + this.#chunkLeft);
        this.#take(part);
        this.#chunkLeft -= part.length;
        offset += part.length;
        continue;
      }
      const newline = bytes.indexOf(0x0a, offset);
      const end = newline < 0 ? bytes.length : newline + 1;
      this.#pending = Buffer.concat([this.#pending, bytes.subarray(offset, end)]);
      if (this.#pending.length > maxLineBytes) throw new Error('too long a line');
      offset = end;
      if (newline >= 0 && this.#isLast(this.#takeLine())) return this.#answer(head, bytes.length - offset);
    }
    return undefined;
  }

  #takeLine(): string {
    const line = this.#pending.toString('latin1');
    this.#pending = empty;
    if (!line.endsWith('\r\n')) throw new Error('a bare line feed');
    return line.slice(0, -2);
  }

  /** Takes a line between chunks; true if it is the last. */
  #isLast(line: string): boolean {
    if (this.#expects === 'trailer') return line === '';
    if (this.#expects === 'end-of-chunk') {
      if (line !== '') throw new Error('a chunk longer than it says');
      this.#expects = 'size';
      return false;
    }
    if (!/^[0-9a-fA-F]{1,8}$/.test(line)) throw new Error('not the size of a chunk');
    this.#chunkLeft = Number.parseInt(line, 16);
    this.#expects = this.#chunkLeft === 0 ? 'trailer' : 'end-of-chunk';
    return false;
  }

  #take(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#length += bytes.length;
    if (this.#length > this.#maxBodyBytes) throw new Error(`a body of more than ${this.#maxBodyBytes} bytes`);
    this.#chunks.push(Buffer.from(bytes));
  }

  #answer({ status, headers, keepAlive, ending }: Head, left: number): ParsedAnswer {
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks, this.#length);
    return { status, headers, body, keepAlive: keepAlive && left === 0 && ending !== 'close' };
  }
}

function parseHead(text: string): Head {
  if (!headGrammar.test(text)) throw new Error('not the head of an answer');
  const lines = text.split('\r\n');
  const headers: string[] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const colon = line.indexOf(':');
    headers.push(line.slice(0, colon).toLowerCase(), trimBlanks(line.slice(colon + 1)));
  }
  const status = Number(text.slice(9, 12));
  if (status === 101) throw new Error('another protocol');
  const keepAlive = text.startsWith('HTTP/1.1') && !/\bclose\b/i.test(headerValue(headers, 'connection') ?? '');
  return { status, headers, keepAlive, ending: endingOf(status, headers) };
}

function endingOf(status: number, headers: readonly string[]): Head['ending'] {
  const encoding = headerValue(headers, 'transfer-encoding');
  const length = headerValue(headers, 'content-length');
  if (encoding !== undefined && length !== undefined) throw new Error('two lengths');
  if (status === 204 || status === 304) {
    // Neither has a body. A server that says otherwise may send one, which would be the next request's answer.
    if (encoding !== undefined || (length !== undefined && length !== '0')) throw new Error('a body where none may be');
    return 0;
  }
  if (encoding !== undefined) {
    if (encoding.toLowerCase() !== 'chunked') throw new Error('an encoding that is not chunked');
    return 'chunked';
  }
  if (length === undefined) return 'close';
  if (!/^\d{1,15}$/.test(length)) throw new Error('a length that is none');
  return Number(length);
}

/** Removes spaces and tabs around a value. `trim` takes a non-breaking space too, which is a byte of the value. */
function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (isBlank(value[start])) start += 1;
  while (end > start && isBlank(value[end - 1])) end -= 1;
  return value.slice(start, end);
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t';
}

/** Values of a header that comes more than once are a list (RFC 9110 §5.3); as a length, a list is none. */
function headerValue(headers: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] === name) value = value === undefined ? headers[index + 1] : `${value}, ${headers[index + 1]}`;
  }
  return value;
}
