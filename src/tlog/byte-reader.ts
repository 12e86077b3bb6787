import { ToolkitError } from '../core/error.ts';

/** Reads the TLS presentation language (RFC 8446 §3) from the front, and refuses to read past the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #offset = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** Where the next byte is. */
  get offset(): number {
    return this.#offset;
  }

  /** Returns what was read since `offset` was `start`. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.#offset);
  }

  /** Returns the next `length` bytes. They are a view: who keeps them keeps the whole buffer. */
  take(length: number): Uint8Array {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw this.refuse(`expected ${length} more bytes`);
    const bytes = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return bytes;
  }

  /** Returns a big-endian number of `length` bytes that a JavaScript number holds exactly. */
  number(length: number): number {
    const value = this.take(length).reduce((sum, byte) => sum * 256 + byte, 0);
    if (!Number.isSafeInteger(value)) throw this.refuse('expected a number below 2^53');
    return value;
  }

  /** Returns the bytes behind their length, which takes `lengthBytes` bytes itself. */
  vector(lengthBytes: number): Uint8Array {
    return this.take(this.number(lengthBytes));
  }

  /** Reads items up to the end. */
  list<T>(maxItems: number, item: (index: number) => T): readonly T[] {
    const items: T[] = [];
    while (!this.isAtEnd) {
      if (items.length === maxItems) throw this.refuse(`expected the end after ${maxItems} items`);
      items.push(item(items.length));
    }
    return items;
  }

  refuse(message: string): ToolkitError {
    return new ToolkitError('TLOG_TILE', {
      message: `${this.#what}: byte ${this.#offset}: ${message}`,
      fault: 'evidence',
      data: { path: this.#what, offset: this.#offset },
    });
  }
}
