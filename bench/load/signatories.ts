import { Signatory } from './signatory.ts';

/** A token is used for this long: shorter than any issuer lets it live. */
const freshMs = 60_000;

/** One signatory for each client, with a token that is still good. */
export class Signatories {
  readonly #token: () => Promise<string>;
  #made: readonly Signatory[] = [];
  #madeAt = Number.NEGATIVE_INFINITY;

  constructor(token: () => Promise<string>) {
    this.#token = token;
  }

  async take(count: number): Promise<readonly Signatory[]> {
    if (this.#made.length < count || performance.now() - this.#madeAt > freshMs) {
      const token = await this.#token();
      this.#made = Array.from({ length: Math.max(count, this.#made.length) }, () => new Signatory(token));
      this.#madeAt = performance.now();
    }
    return this.#made.slice(0, count);
  }
}
