import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';

interface Entry {
  readonly model: string;
  readonly payload: AdapterPayload;
  readonly expiresAt: number;
}

/** The provider checks expiry itself; for a while it can still say `expired` instead of `unknown`. */
const graceSeconds = 60;

/**
 * Keeps logins that are under way: interactions, sessions, codes, grants. In memory only, so a restart ends them and
 * the person starts again; keys and issued tokens are not concerned. Bounded: beyond `maxEntries` the oldest goes,
 * and a code that is gone is a code that is refused.
 */
export class LoginStore {
  readonly #entries = new Map<string, Entry>();
  readonly #maxEntries: number;
  readonly #now: () => number;

  constructor(options: { readonly maxEntries?: number; readonly now?: () => number } = {}) {
    this.#maxEntries = options.maxEntries ?? 1_000;
    this.#now = options.now ?? Date.now;
  }

  get size(): number {
    return this.#entries.size;
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Returns the view of one model that `oidc-provider` asks for. */
  adapter(model: string): Adapter {
    const key = (id: string) => `${model}:${id}`;
    return {
      upsert: async (id, payload, expiresIn = 600) => this.#put(key(id), model, payload, expiresIn),
      find: async (id) => this.#live(key(id))?.payload,
      findByUid: async (uid) => this.#search(model, (payload) => payload.uid === uid),
      findByUserCode: async (userCode) => this.#search(model, (payload) => payload.userCode === userCode),
      consume: async (id) => this.#consume(key(id)),
      destroy: async (id) => void this.#entries.delete(key(id)),
      revokeByGrantId: async (grantId) => this.#revoke(grantId),
    };
  }

  #put(key: string, model: string, payload: AdapterPayload, expiresIn: number): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#maxEntries) this.#makeRoom();
    this.#entries.set(key, { model, payload, expiresAt: this.#now() + (expiresIn + graceSeconds) * 1000 });
  }

  #makeRoom(): void {
    for (const [key, entry] of this.#entries) if (entry.expiresAt <= this.#now()) this.#entries.delete(key);
    for (const key of this.#entries.keys()) {
      if (this.#entries.size < this.#maxEntries) return;
      this.#entries.delete(key);
    }
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.expiresAt > this.#now() ? entry : undefined;
  }

  #search(model: string, matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined {
    for (const [key, entry] of this.#entries) {
      if (entry.model === model && matches(entry.payload) && this.#live(key)) return entry.payload;
    }
    return undefined;
  }

  /** Of two requests with one code, `oidc-provider` may have looked at it for both before either consumes it. */
  #consume(key: string): void {
    const entry = this.#live(key);
    if (!entry || entry.payload.consumed !== undefined) throw new errors.InvalidGrant('already consumed');
    entry.payload.consumed = Math.floor(this.#now() / 1000);
  }

  #revoke(grantId: string): void {
    for (const [key, entry] of this.#entries) if (entry.payload.grantId === grantId) this.#entries.delete(key);
  }
}
