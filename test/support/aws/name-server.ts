import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/**
 * Answers questions for addresses (RFC 1035) from a table, and says of every other name that there is none. What of
 * AWS is a name (of a database, a distribution, a task) is found by it here as it is there.
 */
export class NameServer implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #exact = new Map<string, readonly string[]>();
  readonly #below: { readonly domain: string; readonly addressOf: (name: string) => Promise<string> }[] = [];

  /** Why names could not be told. */
  readonly failures: unknown[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (question, { address, port }) => {
      // Who gets no answer asks again; whoever waits for it says why it did not come.
      void this.#answer(question).then(
        (answer) => answer && socket.send(answer, port, address),
        (error: unknown) => this.failures.push(error),
      );
    });
  }

  static async begin(address: string): Promise<NameServer> {
    const socket = createSocket('udp4').bind(53, address);
    await once(socket, 'listening');
    return new NameServer(socket);
  }

  /** Names of one host; several addresses are all told. */
  set(name: string, addresses: readonly string[]): void {
    this.#exact.set(name.toLowerCase(), addresses);
  }

  /** Every name below a domain that has no addresses of its own. */
  setBelow(domain: string, address: string): void {
    this.onAsked(domain, async () => address);
  }

  /** Has an address made when a name below a domain is first asked for. */
  onAsked(domain: string, addressOf: (name: string) => Promise<string>): void {
    this.#below.unshift({ domain: `.${domain}`, addressOf });
  }

  async addressesOf(name: string): Promise<readonly string[]> {
    const exact = this.#exact.get(name);
    if (exact) return exact;
    const below = this.#below.find(({ domain }) => name.endsWith(domain));
    return below ? [await below.addressOf(name)] : [];
  }

  async #answer(question: Buffer): Promise<Buffer | undefined> {
    if (question.length < 17 || question.readUInt16BE(4) !== 1) return undefined;
    const labels: string[] = [];
    let at = 12;
    for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
      labels.push(question.toString('latin1', at + 1, at + 1 + length).toLowerCase());
      at += 1 + length;
    }
    const asked = question.subarray(12, at + 5);
    const addresses = await this.addressesOf(labels.join('.'));
    const wanted = question.readUInt16BE(at + 1) === 1 ? addresses : [];
    const header = Buffer.alloc(12);
    header.writeUInt16BE(question.readUInt16BE(0), 0);
    // An answer, authoritative; of a name that is not in the table: there is none.
    header.writeUInt16BE(addresses.length === 0 ? 0x8583 : 0x8580, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(wanted.length, 6);
    return Buffer.concat([header, asked, ...wanted.map(record)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}

/** The name of the question, an address in the Internet, valid for no time: tasks come and go. */
function record(address: string): Buffer {
  return Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]);
}
