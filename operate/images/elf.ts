/** What a dynamically linked program or library of x86-64 says that it needs, and which symbol versions it has. */
export interface ElfLinks {
  /** The dynamic linker that starts a program; a library names none. */
  readonly interpreter?: string;
  /** Names of libraries. */
  readonly needed: readonly string[];
  /** Symbol versions by the library that has to have them, e.g. `libc.so.6` → `GLIBC_2.34`. */
  readonly versions: ReadonlyMap<string, readonly string[]>;
  /** Symbol versions that it has itself. */
  readonly provided: readonly string[];
}

const magic = [0x7f, 0x45, 0x4c, 0x46, 2, 1];
const machineX8664 = 62;
const segment = { load: 1, dynamic: 2, interpreter: 3 } as const;
const tag = { needed: 1, strings: 5, defined: 0x6ffffffc, required: 0x6ffffffe } as const;
/** Far more than any library has: what is not ELF must not loop. */
const maxEntries = 4_096;

/**
 * Returns what an ELF file of x86-64 is linked to, or `undefined` if it is something else, or damaged.
 * @see https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html
 */
export function parseElf(bytes: Uint8Array): ElfLinks | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (magic.some((byte, index) => view.getUint8(index) !== byte)) return undefined;
    return view.getUint16(18, true) === machineX8664 ? new ElfFile(view).links() : undefined;
  } catch (error) {
    // It points outside of itself.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

class ElfFile {
  readonly #view: DataView;
  readonly #segments: readonly Segment[];
  readonly #dynamic: readonly (readonly [number, number])[];

  constructor(view: DataView) {
    this.#view = view;
    const [start, size, count] = [this.#long(32), view.getUint16(54, true), view.getUint16(56, true)];
    this.#segments = Array.from({ length: count }, (_, index) => {
      const at = start + index * size;
      const [offset, address] = [this.#long(at + 8), this.#long(at + 16)];
      return { type: view.getUint32(at, true), offset, address, size: this.#long(at + 32) };
    });
    this.#dynamic = this.#readDynamic();
  }

  links(): ElfLinks {
    const interpreter = this.#segments.find(({ type }) => type === segment.interpreter);
    const required = this.#value(tag.required);
    const defined = this.#value(tag.defined);
    return {
      ...(interpreter && { interpreter: this.#text(interpreter.offset) }),
      needed: this.#dynamic.flatMap(([name, value]) => (name === tag.needed ? [this.#string(value)] : [])),
      versions: new Map(required === undefined ? [] : this.#required(required)),
      provided: defined === undefined ? [] : this.#provided(defined),
    };
  }

  #readDynamic(): readonly (readonly [number, number])[] {
    const dynamic = this.#segments.find(({ type }) => type === segment.dynamic);
    const count = Math.min((dynamic?.size ?? 0) / 16, maxEntries);
    const at = dynamic?.offset ?? 0;
    return Array.from({ length: count }, (_, index) => [this.#long(at + index * 16), this.#long(at + index * 16 + 8)]);
  }

  /** Verneed: which versions it needs, library by library. */
  #required(address: number): readonly (readonly [string, readonly string[]])[] {
    return this.#chain(this.#offset(address), 12).map((at) => {
      const library = this.#string(this.#view.getUint32(at + 4, true));
      const versions = this.#chain(at + this.#view.getUint32(at + 8, true), 12);
      return [library, versions.map((entry) => this.#string(this.#view.getUint32(entry + 8, true)))] as const;
    });
  }

  /** Verdef: the first name of each definition is its own, others are those that it follows. */
  #provided(address: number): readonly string[] {
    return this.#chain(this.#offset(address), 16).map((at) => {
      const name = at + this.#view.getUint32(at + 12, true);
      return this.#string(this.#view.getUint32(name, true));
    });
  }

  /** Entries that each say how far the next one is, and 0 where there is none. */
  #chain(first: number, next: number): readonly number[] {
    const entries: number[] = [];
    for (let at = first; entries.length < maxEntries; ) {
      entries.push(at);
      const step = this.#view.getUint32(at + next, true);
      if (step === 0) return entries;
      at += step;
    }
    throw new RangeError('endless');
  }

  #value(wanted: number): number | undefined {
    return this.#dynamic.find(([name]) => name === wanted)?.[1];
  }

  #string(at: number): string {
    return this.#text(this.#offset(this.#value(tag.strings) ?? Number.NaN) + at);
  }

  #text(offset: number): string {
    let end = offset;
    while (this.#view.getUint8(end) !== 0) end += 1;
    return Buffer.from(this.#view.buffer, this.#view.byteOffset + offset, end - offset).toString('latin1');
  }

  /** Where in the file an address of the running program is. */
  #offset(address: number): number {
    const holds = ({ type, address: start, size }: Segment) =>
      type === segment.load && address >= start && address < start + size;
    const found = this.#segments.find(holds);
    if (found === undefined) throw new RangeError('no such address');
    return found.offset + address - found.address;
  }

  #long(at: number): number {
    return Number(this.#view.getBigUint64(at, true));
  }
}
