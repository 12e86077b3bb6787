/** An answer of a server, read to its end. */
export interface ParsedAnswer {
  readonly status: number;
  /** Lower-case names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  /** The connection may carry another request: nothing is left on it, and the server keeps it open. */
  readonly keepAlive: boolean;
}

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
  const lines = text.split('\r\n');
  const [, minor, code] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/.exec(lines[0] ?? '') ?? [];
  if (minor === undefined || code === undefined) throw new Error('no status line');
  const headers: string[] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    // No name has a space before its colon, and no line begins with one: proxies have read those differently.
    if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name)) throw new Error('no header line');
    const value = line.slice(colon + 1).trim();
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) throw new Error('a control character in a header');
    headers.push(name, value);
  }
  const status = Number(code);
  if (status === 101) throw new Error('another protocol');
  const keepAlive = minor === '1' && !valuesOf(headers, 'connection').some((value) => /\bclose\b/i.test(value));
  return { status, headers, keepAlive, ending: endingOf(status, headers) };
}

function endingOf(status: number, headers: readonly string[]): Head['ending'] {
  const encodings = valuesOf(headers, 'transfer-encoding');
  const lengths = valuesOf(headers, 'content-length');
  if (encodings.length + lengths.length > 1) throw new Error('more than one length');
  if (status === 204 || status === 304) return 0;
  const [encoding] = encodings;
  if (encoding !== undefined) {
    if (encoding.toLowerCase() !== 'chunked') throw new Error('an encoding that is not chunked');
    return 'chunked';
  }
  const [length] = lengths;
  if (length === undefined) return 'close';
  if (!/^\d{1,15}$/.test(length)) throw new Error('a length that is none');
  return Number(length);
}

function valuesOf(headers: readonly string[], name: string): readonly string[] {
  return headers.filter((_, index) => index % 2 === 1 && headers[index - 1] === name);
}
