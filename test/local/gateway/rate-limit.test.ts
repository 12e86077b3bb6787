import { describe, expect, it } from '@jest/globals';
import { RateLimiter } from '../../../local/gateway/rate-limit.ts';

const limit = { perSecond: 10, burst: 3 };

function takeAll(limiter: RateLimiter, address: string, nowMs: number): number {
  let taken = 0;
  while (limiter.take(address, nowMs) === 0) taken += 1;
  return taken;
}

describe('RateLimiter', () => {
  it('accepts a burst, then refuses and says how long', () => {
    const limiter = new RateLimiter(limit);
    expect(takeAll(limiter, 'a', 0)).toBe(3);
    expect(limiter.take('a', 0)).toBe(100);
    expect(limiter.take('a', 40)).toBeCloseTo(60);
    expect(limiter.take('a', 101)).toBe(0);
  });

  it('accepts the lasting rate, and never more than the burst after a pause', () => {
    const limiter = new RateLimiter(limit);
    takeAll(limiter, 'a', 0);
    for (let second = 1; second <= 5; second += 1) expect(takeAll(limiter, 'a', second * 200)).toBe(2);
    expect(takeAll(limiter, 'a', 3_600_000)).toBe(3);
  });

  it('accepts one address while another is refused', () => {
    const limiter = new RateLimiter(limit);
    takeAll(limiter, 'a', 0);
    expect(limiter.take('b', 0)).toBe(0);
  });

  it('forgets addresses whose bucket is full again before any other', () => {
    const limiter = new RateLimiter(limit, 3);
    limiter.take('idle', 0);
    takeAll(limiter, 'busy', 1_000);
    takeAll(limiter, 'busier', 1_000);
    expect(limiter.take('new', 1_000)).toBe(0);
    expect(limiter.size).toBe(3);
    expect(limiter.take('busy', 1_000)).toBeGreaterThan(0);
    expect(limiter.take('busier', 1_000)).toBeGreaterThan(0);
  });

  it('never remembers more addresses than it may', () => {
    const limiter = new RateLimiter(limit, 100);
    for (let index = 0; index < 10_000; index += 1) limiter.take(`address ${index}`, 0);
    expect(limiter.size).toBe(100);
  });
});
