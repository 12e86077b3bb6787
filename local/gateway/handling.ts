import type { IncomingMessage, ServerResponse } from 'node:http';
import { describeCause } from '../../src/core/error.ts';
import type { RouteCounter } from './counters.ts';
import { type Refusal, refuse } from './refusal.ts';
import type { BodyBudget } from './request-body.ts';

/** What answers the requests of one route. */
export interface RouteHandler {
  readonly methods: readonly string[];
  /** Answers by calling one of the methods of `handling`, at some time, once. `file` is what a read route matched. */
  handle(handling: Handling, file: string): void;
}

/** One request on its way through the gateway. Whoever answers it says so here, so that every answer is counted. */
export class Handling {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The client holds its body back until it is told to go on. */
  readonly expectsContinue: boolean;
  /** Called when the client goes away before it was answered. Set it to stop work that nobody waits for. */
  onAbandoned: (() => void) | undefined;
  readonly #bodies: BodyBudget;
  #heldBytes = 0;
  readonly #counter: RouteCounter;
  readonly #log: (message: string) => void;
  #counted = false;

  constructor(
    message: { readonly req: IncomingMessage; readonly res: ServerResponse; readonly expectsContinue: boolean },
    counter: RouteCounter,
    shared: { readonly bodies: BodyBudget; readonly log: (message: string) => void },
  ) {
    this.req = message.req;
    this.res = message.res;
    this.expectsContinue = message.expectsContinue;
    this.#counter = counter;
    this.#bodies = shared.bodies;
    this.#log = shared.log;
  }

  /** True if it was answered, or the client went away: nothing can be said any more. */
  get isOver(): boolean {
    return this.res.headersSent || this.res.destroyed;
  }

  /** True once an answer was counted. */
  get isCounted(): boolean {
    return this.#counted;
  }

  /** Takes memory for the request's body until the request is over; false if there is none left. */
  readonly hold = (bytes: number): boolean => {
    if (this.isOver || !this.#bodies.take(bytes)) return false;
    this.#heldBytes += bytes;
    return true;
  };

  /** Ends the request: it was answered, or its client is gone. */
  end(): void {
    this.#bodies.give(this.#heldBytes);
    if (!this.res.writableFinished) this.onAbandoned?.();
  }

  /** Counts an answer that was written past this object. */
  count(status: number): void {
    this.#counted = true;
    this.#counter.count(status);
  }

  /** Writes the head of an answer; headers are names and values in turn. */
  begin(status: number, headers: readonly string[]): void {
    this.count(status);
    this.res.writeHead(status, headers as string[]);
  }

  answer(status: number, headers: readonly string[], body: Buffer | undefined): void {
    if (this.isOver) return;
    this.begin(status, headers);
    this.res.end(body);
  }

  refuse(refusal: Refusal): void {
    if (this.isOver) return;
    this.count(refusal.status);
    refuse(this.req, this.res, refusal);
  }

  /** Refuses for a reason that is not the client's, and says so in the gateway's log. */
  fail(refusal: Refusal, cause: unknown): void {
    if (this.isOver) return;
    const reason = cause === undefined ? '' : ` (${describeCause(cause)})`;
    this.#log(`${this.req.method} ${this.req.url}: ${refusal.status} ${refusal.message}${reason}`);
    this.refuse(refusal);
  }
}
