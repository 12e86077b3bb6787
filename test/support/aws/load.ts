import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, LoadClient } from '../../../bench/load/load-client.ts';
import { issuedCertificate, Signatory } from '../../../bench/load/signatory.ts';
import { waitFor } from '../../../src/core/wait.ts';
import { parseLogEntry, type VerifiedLogEntry, verifyLogEntry } from '../../../src/tlog/log-entry.ts';
import type { NoteVerifier } from '../../../src/tlog/note.ts';
import type { LoadRecord } from '../signing-load.ts';

export interface TaskLoadOptions {
  /** Of one task, not of the load balancer: which task dies must be known. */
  readonly url: string;
  readonly workers: number;
  /** Where the answers are noted; loads may share one. */
  readonly record: LoadRecord;
}

/** Fulcio and the logs under load answer within seconds. */
const waitTimeoutMs = 45_000;
/** Rekor hangs up after 60 s on a request that waits for something that was lost. */
const lastAnswersMs = 75_000;
/** Between a refusal and the next request of a worker. */
const pauseMs = 20;

/** Sends requests to one task until it is stopped, or nobody listens there any more. Verifies every answer. */
export class TaskLoad {
  readonly #record: LoadRecord;
  readonly #client: LoadClient;
  readonly #work: Promise<unknown>;
  #acknowledged = 0;
  #over = false;
  #ended = false;

  private constructor({ url, workers, record }: TaskLoadOptions, jobOf: (client: LoadClient) => () => Promise<void>) {
    this.#record = record;
    this.#client = new LoadClient(url, workers);
    this.#work = Promise.all(Array.from({ length: workers }, () => this.#repeat(jobOf(this.#client)))).finally(() => {
      this.#over = true;
      this.#ended = true;
    });
    // Reported by `stop`.
    this.#work.catch(() => undefined);
  }

  /** Logs entries of different artifacts, so that each has to get an index of its own. */
  static entries(options: TaskLoadOptions & { readonly log: { origin: string; verifier: NoteVerifier } }): TaskLoad {
    const { record, log } = options;
    return new TaskLoad(options, (client) => {
      const signatory = new Signatory(tokenOfNobody);
      return async () => {
        const call = signatory.logEntry();
        record.entries.push(verifiedEntry(await client.send(call), call, log));
      };
    });
  }

  /** Has certificates issued, each of which Fulcio logs first. */
  static certificates(options: TaskLoadOptions & { readonly token: string }): TaskLoad {
    const { record, token } = options;
    return new TaskLoad(options, (client) => {
      const signatory = new Signatory(token);
      return async () => {
        record.certificates.push(issuedCertificate(await client.send(signatory.certificate())));
      };
    });
  }

  /** Resolves once this task has acknowledged so many requests more. */
  async acknowledges(count: number): Promise<void> {
    const enough = this.#acknowledged + count;
    await waitFor(() => this.#over || this.#acknowledged >= enough, {
      what: `${count} acknowledged requests (refused: ${this.#record.refused}, unanswered: ${this.#record.unanswered})`,
      timeoutMs: waitTimeoutMs,
    });
    if (this.#ended) await this.#work;
  }

  /** Sends nothing more, and returns once every request has been answered or its connection has ended. */
  async stop(): Promise<void> {
    this.#over = true;
    await waitFor(() => this.#ended, { what: 'the last answers', timeoutMs: lastAnswersMs });
    this.#client.close();
    await this.#work;
  }

  async #repeat(job: () => Promise<void>): Promise<void> {
    while (!this.#over) {
      try {
        await job();
        this.#acknowledged += 1;
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

/** Returns the entry that was answered, if the log holds it at that index and it is the one that was sent. */
export function verifiedEntry(
  answer: Buffer,
  call: Call,
  log: { readonly origin: string; readonly verifier: NoteVerifier },
): VerifiedLogEntry {
  const entry = verifyLogEntry(parseLogEntry(answer), log);
  const { hashedRekordRequestV002: sent } = JSON.parse(Buffer.from(call.body ?? []).toString()) as {
    hashedRekordRequestV002: { digest: string };
  };
  if (Buffer.from(entry.body).includes(sent.digest)) return entry;
  throw new Error(`entry ${entry.index}: answered for digest ${sent.digest}, and is another one`);
}

/** Rekor asks nobody who they are. */
export const tokenOfNobody = `.${Buffer.from('{"sub":"nobody"}').toString('base64url')}.`;
