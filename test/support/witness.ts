import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { concat, parseBase64, toBase64, toHex, utf8 } from '../../src/core/bytes.ts';
import { sha256, spkiOf } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { type VerifiedCheckpoint, verifyCheckpoint } from '../../src/tlog/checkpoint.ts';
import { verifyConsistency } from '../../src/tlog/merkle.ts';
import { keyHashBytes, type NoteVerifier } from '../../src/tlog/note.ts';
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts';

/** A key for cosignature/v1, with the spelling in which policies have it. */
export interface WitnessKey {
  readonly name: string;
  readonly vkey: string;
  readonly keyHash: Uint8Array;
  readonly privateKey: KeyObject;
}

const cosignatureType = 4;

/** Returns a new key; another `type` makes one that no witness has. */
export function newWitnessKey(name = 'witness.example', type = cosignatureType): WitnessKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = concat(Uint8Array.of(type), spkiOf(publicKey).slice(-32));
  const keyHash = sha256(`${name}\n`, key).slice(0, keyHashBytes);
  return { name, vkey: `${name}+${toHex(keyHash)}+${toBase64(key)}`, keyHash, privateKey };
}

interface WitnessedLog {
  readonly origin: string;
  readonly verifier: NoteVerifier;
}

/** A witness that cosigns what extends the last that it cosigned (https://c2sp.org/tlog-witness), of logs that it knows. */
export class TestWitness {
  readonly key = newWitnessKey();
  readonly #logs = new Map<string, WitnessedLog>();
  readonly #last = new Map<string, VerifiedCheckpoint>();
  #server: LoopbackServer | undefined;

  async start(): Promise<void> {
    this.#server = await startLoopbackServer((request, response) => void this.#answer(request, response));
  }

  get url(): string {
    return this.#server?.url ?? '';
  }

  know(log: WitnessedLog): void {
    this.#logs.set(log.origin, log);
  }

  /** Returns the last checkpoint of a log that it cosigned. */
  last(origin: string): VerifiedCheckpoint | undefined {
    return this.#last.get(origin);
  }

  /** From now on it takes requests, and answers none. */
  fallSilent(): void {
    if (this.#server) this.#server.handler = () => undefined;
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = new Uint8Array(await buffer(request));
    try {
      const { status, text } = this.#addCheckpoint(body);
      response.writeHead(status, status === 409 ? { 'content-type': 'text/x.tlog.size' } : {}).end(text);
    } catch (error) {
      response.writeHead(error instanceof ToolkitError ? 403 : 400).end(String(error));
    }
  }

  #addCheckpoint(body: Uint8Array): { readonly status: number; readonly text: string } {
    const end = Buffer.from(body).indexOf('\n\n');
    const [old = '', ...hashes] = Buffer.from(body.subarray(0, end)).toString().split('\n');
    const raw = body.slice(end + 2);
    const log = this.#logs.get(Buffer.from(raw).toString().split('\n')[0] ?? '');
    if (!log) return { status: 404, text: 'no log that this witness knows\n' };
    const next = verifyCheckpoint(raw, log);
    const last = this.#last.get(log.origin);
    if (old !== `old ${last?.size ?? 0}`) return { status: 409, text: `${last?.size ?? 0}\n` };
    if (last && last.size > 0) {
      const path = hashes.map((hash) => parseBase64(hash));
      verifyConsistency(last, next, path);
    }
    this.#last.set(log.origin, next);
    return { status: 200, text: this.#cosign(next.note.text) };
  }

  #cosign(text: string): string {
    const { name, keyHash, privateKey } = this.key;
    const seconds = Math.floor(Date.now() / 1_000);
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(seconds));
    const signature = sign(null, utf8(`cosignature/v1\ntime ${seconds}\n${text}`), privateKey);
    return `— ${name} ${toBase64(concat(keyHash, time, signature))}\n`;
  }
}
