import type { X509Certificate } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadClient } from '../../bench/load/load-client.ts';
import { issuedCertificate, Signatory } from '../../bench/load/signatory.ts';
import { StateDirectory } from '../../local/state.ts';
import { readTrustMaterial } from '../../operate/instance-material.ts';
import { waitFor } from '../../src/core/wait.ts';
import { parseLogEntry, type VerifiedLogEntry, verifyLogEntry } from '../../src/tlog/log-entry.ts';
import { rekorNoteVerifier } from '../../src/tlog/rekor-key.ts';

/** What became of the requests of one or more loads. */
export interface LoadRecord {
  /** Entries whose answer was read to its end and verified: each must be in the log from then on. */
  readonly entries: VerifiedLogEntry[];
  /** Certificates that were issued: the precertificate of each must be in the CT log from then on. */
  readonly certificates: X509Certificate[];
  /** Sent, and never answered to the end: what they asked for may be in a log or not. */
  unanswered: number;
  /** Answered, and refused. */
  refused: number;
}

export function emptyRecord(): LoadRecord {
  return { entries: [], certificates: [], unanswered: 0, refused: 0 };
}

export interface LoadOptions {
  readonly state: string;
  readonly token: string;
  /** Where the answers are noted. */
  readonly record: LoadRecord;
}

/** Under way at once; more of them wait for the same checkpoint and load the machine no less. */
const workers = { entries: 128, certificates: 4 };
/** The gateway gives a log up after 25 s, and each worker may have to wait for that more than once. */
const waitTimeoutMs = 120_000;
/** Between a refusal and the next request of a worker. */
const pauseMs = 20;

/**
 * Signs through the gateway with many workers until it is stopped, or until nobody listens any more. Every answer is
 * verified as a client would.
 */
export class SigningLoad {
  readonly #record: LoadRecord;
  readonly #clients: readonly LoadClient[];
  readonly #work: Promise<unknown>;
  #over = false;

  private constructor(record: LoadRecord, clients: readonly LoadClient[], jobs: readonly (() => Promise<void>)[]) {
    this.#record = record;
    this.#clients = clients;
    this.#work = Promise.all(jobs.map((job) => this.#repeat(job)));
  }

  static async start({ state, token, record }: LoadOptions): Promise<SigningLoad> {
    const material = await readTrustMaterial(new StateDirectory(state));
    const [log, authority] = [material?.rekor[0], material?.fulcio[0]];
    if (!log || !authority) throw new Error(`${state}: no trust material`);
    const expected = { origin: log.origin, verifier: rekorNoteVerifier(log.origin, log.publicKey) };
    const [rekor, fulcio] = [
      new LoadClient(log.url, workers.entries),
      new LoadClient(authority.url, workers.certificates),
    ];
    const logEntry = (signatory: Signatory) => async () => {
      const answer = await rekor.send(signatory.logEntry());
      record.entries.push(verifyLogEntry(parseLogEntry(answer), expected));
    };
    const certificate = (signatory: Signatory) => async () => {
      record.certificates.push(issuedCertificate(await fulcio.send(signatory.certificate())));
    };
    return new SigningLoad(
      record,
      [rekor, fulcio],
      [
        ...Array.from({ length: workers.entries }, () => logEntry(new Signatory(token))),
        ...Array.from({ length: workers.certificates }, () => certificate(new Signatory(token))),
      ],
    );
  }

  /** Resolves once so many entries more than at the start of the wait are acknowledged, or the load is stopped. */
  async acknowledges(count: number): Promise<void> {
    const enough = this.#record.entries.length + count;
    const what = `${count} acknowledged entries`;
    await waitFor(() => this.#over || this.#record.entries.length >= enough, { what, timeoutMs: waitTimeoutMs });
  }

  /** Resolves once so many requests more than at the start of the wait are refused, or the load is stopped. */
  async isRefused(count: number): Promise<void> {
    const enough = this.#record.refused + count;
    const what = `${count} refusals`;
    await waitFor(() => this.#over || this.#record.refused >= enough, { what, timeoutMs: waitTimeoutMs });
  }

  /** Sends nothing more, and returns once every request has been answered or its connection has ended. */
  async stop(): Promise<void> {
    this.#over = true;
    await this.#work;
    for (const client of this.#clients) client.close();
  }

  async #repeat(job: () => Promise<void>): Promise<void> {
    while (!this.#over) {
      try {
        await job();
      } catch (error) {
        if (!(await this.#survives(error))) return;
      }
    }
  }

  /** Returns whether it is worth going on; throws what no fault of a server or a connection explains. */
  async #survives(error: unknown): Promise<boolean> {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED') return false;
    if (code === 'ECONNRESET' || code === 'EPIPE') this.#record.unanswered += 1;
    else if (/: [45]\d\d /.test(message)) this.#record.refused += 1;
    else throw error;
    await sleep(pauseMs);
    return true;
  }
}
