import type { RateLimit } from '../../src/services/edge.ts';

interface Bucket {
  tokens: number;
  /** When `tokens` was right, in milliseconds of the caller's clock. */
  at: number;
}

/** Addresses that one limiter remembers. */
const maxBuckets = 1_024;

/**
 * A token bucket for each client address. Memory is bounded: a full table forgets addresses whose bucket has filled up
 * again, which changes nothing for them, and else the one it has known longest.
 */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #maxBuckets: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: RateLimit, buckets = maxBuckets) {
    this.#limit = limit;
    this.#maxBuckets = buckets;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes a token. Returns 0 if there was one, or the milliseconds until there is one. */
  take(address: string, nowMs: number): number {
    const { perSecond, burst } = this.#limit;
    const bucket = this.#buckets.get(address) ?? this.#add(address, nowMs);
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.at) * perSecond) / 1_000);
    bucket.at = nowMs;
    if (bucket.tokens < 1) return ((1 - bucket.tokens) * 1_000) / perSecond;
    bucket.tokens -= 1;
    return 0;
  }

  #add(address: string, nowMs: number): Bucket {
    if (this.#buckets.size >= this.#maxBuckets) this.#forget(nowMs);
    const bucket = { tokens: this.#limit.burst, at: nowMs };
    this.#buckets.set(address, bucket);
    return bucket;
  }

  #forget(nowMs: number): void {
    const { perSecond, burst } = this.#limit;
    for (const [address, bucket] of this.#buckets) {
      if (bucket.tokens + ((nowMs - bucket.at) * perSecond) / 1_000 >= burst) this.#buckets.delete(address);
    }
    if (this.#buckets.size < this.#maxBuckets) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
