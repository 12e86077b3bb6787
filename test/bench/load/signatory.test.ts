import { describe, expect, it } from '@jest/globals';
import { assertTimestamped, Signatory } from '../../../bench/load/signatory.ts';

const token = `.${Buffer.from('{"sub":"nobody"}').toString('base64url')}.`;
const query = new Signatory(token).timestamp();
const digest = (query.body ?? new Uint8Array()).subarray(24, 56);
const answer = (status: string, imprint: Uint8Array) =>
  Buffer.concat([Buffer.from(`30820400${status}`, 'hex'), Buffer.alloc(40), imprint, Buffer.alloc(40)]);

describe('assertTimestamped', () => {
  it('accepts a timestamp that is granted over the digest that was sent', () => {
    expect(() => assertTimestamped(answer('3003020100', digest), query)).not.toThrow();
  });

  it.each([
    ['a rejection', answer('3003020102', digest)],
    ['another digest', answer('3003020100', Buffer.alloc(32))],
    ['nothing', Buffer.alloc(0)],
  ])('refuses %s', (_, refused) => {
    expect(() => assertTimestamped(refused, query)).toThrow('timestamp: not granted, or over another digest');
  });
});
