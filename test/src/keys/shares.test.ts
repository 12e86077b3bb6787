import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { equalBytes, utf8 } from '../../../src/core/bytes.ts';
import {
  assertShare,
  combineShares,
  formatShare,
  parseShare,
  type Share,
  type SplitOptions,
  splitSecret,
} from '../../../src/keys/shares.ts';

const holders = ['alice', 'bob', 'carol', 'dave', 'erin'];
const secret = utf8('correct horse battery staple');
const options: SplitOptions = { subject: 'fulcio-root', threshold: 3, holders, secret };

async function firstShare(change: Partial<SplitOptions> = {}): Promise<Share> {
  const [share] = (await splitSecret({ ...options, ...change })).shares;
  if (!share) throw new Error('no share');
  return share;
}

/** All that is random: who gets how many, which of them come, and what the secret is. */
const splittings = fc
  .record({ count: fc.integer({ min: 2, max: 9 }), secret: fc.uint8Array({ minLength: 1, maxLength: 64 }) })
  .chain(({ count, secret: bytes }) =>
    fc.record({
      secret: fc.constant(bytes),
      holders: fc.constant(Array.from({ length: count }, (_, index) => `holder-${index + 1}`)),
      threshold: fc.integer({ min: 2, max: count }),
      order: fc.shuffledSubarray(
        Array.from({ length: count }, (_, index) => index),
        { minLength: count, maxLength: count },
      ),
    }),
  );

describe('combineShares', () => {
  it('restores the secret from any k of n shares, as their sheets have them', async () => {
    await fc.assert(
      fc.asyncProperty(splittings, async ({ order, ...split }) => {
        const { set, shares } = await splitSecret({ subject: 'ca', ...split });
        const come = order.slice(0, split.threshold).flatMap((index) => shares[index] ?? []);
        const read = come.map((share, index) => parseShare(formatShare(share).toUpperCase(), `sheet ${index + 1}`));
        expect(await combineShares(read, set)).toEqual(Uint8Array.from(split.secret));
      }),
      { numRuns: 40 },
    );
  });

  it('refuses k - 1 shares', async () => {
    await fc.assert(
      fc.asyncProperty(splittings, async ({ order, ...split }) => {
        const { set, shares } = await splitSecret({ subject: 'ca', ...split });
        const come = order.slice(0, split.threshold - 1).flatMap((index) => shares[index] ?? []);
        await expect(combineShares(come, set)).rejects.toThrowToolkit('KEY_SHARES_TOO_FEW', { need: split.threshold });
        // Nor does a lower number in the record help: what fewer shares restore is something else.
        if (come.length < 2) return;
        const lowered = { ...set, threshold: come.length };
        await expect(combineShares(come, lowered)).rejects.toThrowToolkit('KEY_SHARE_FALSE');
      }),
      { numRuns: 20 },
    );
  });

  it('refuses a share that was made up, and names its holder', async () => {
    const { set, shares } = await splitSecret(options);
    const [alice, bob, carol] = shares as readonly [Share, Share, Share];
    const forged = { ...bob, bytes: Uint8Array.from(bob.bytes, (byte, index) => (index === 7 ? byte ^ 1 : byte)) };
    const combined = combineShares([alice, parseShare(formatShare(forged), 'sheet 2'), carol], set);
    await expect(combined).rejects.toThrowToolkit('KEY_SHARE_FALSE', { holder: 'bob' });
  });

  it('refuses one share twice, and one of another authority or splitting', async () => {
    const { set, shares } = await splitSecret(options);
    const [alice, bob] = shares as readonly [Share, Share];
    await expect(combineShares([alice, bob, alice], set)).rejects.toThrowToolkit('KEY_SHARE_REPEATED', {
      holder: 'alice',
    });
    const other = await firstShare({ subject: 'tsa-root' });
    expect(() => assertShare(other, set)).toThrowToolkit('KEY_SHARE_FOREIGN', { subject: 'tsa-root' });
    const earlier = await firstShare();
    expect(() => assertShare(earlier, set)).toThrowToolkit('KEY_SHARE_FOREIGN', { set: earlier.set });
  });
});

describe('parseShare', () => {
  it('refuses every flipped bit of the share, and names the sheet', async () => {
    const share = await firstShare();
    const words = formatShare(share).split(' ').slice(-4);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: share.bytes.length * 8 - 1 }), (bit) => {
        const bytes = share.bytes.slice();
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const typed = [
          ...formatShare({ ...share, bytes })
            .split(' ')
            .slice(0, -4),
          ...words,
        ].join(' ');
        expect(() => parseShare(typed, 'sheet 2')).toThrowToolkit('KEY_SHARE_DAMAGED', { sheet: 'sheet 2' });
      }),
    );
  });

  it.each([
    ['one wrong word', (line: string) => line.replace(/\S+$/, (word) => (word === 'Ohio' ? 'Pacific' : 'Ohio'))],
    ['two groups swapped', (line: string) => line.replace(/ ([0-9a-f]{4}) ([0-9a-f]{4}) /, ' $2 $1 ')],
    ['another holder', (line: string) => line.replace('alice', 'bob')],
    ['another number', (line: string) => line.replace('1 of 5', '2 of 5')],
    ['a group left out', (line: string) => line.replace(/ [0-9a-f]{4} /, ' ')],
    ['its words left out', (line: string) => line.split(' ').slice(0, -4).join(' ')],
    ['nothing', () => ''],
    ['too much', (line: string) => line.repeat(200)],
  ])('refuses %s', async (_name, change) => {
    const line = formatShare(await firstShare());
    const changed = change(line);
    if (changed === line) return;
    expect(() => parseShare(changed, 'sheet 1')).toThrowToolkit('KEY_SHARE_DAMAGED', { sheet: 'sheet 1' });
  });

  it('shows nothing of the share in its errors', async () => {
    const line = formatShare(await firstShare());
    const groups = line.split(' ').filter((token) => /^[0-9a-f]{4}$/.test(token));
    try {
      parseShare(`${line} x`, 'sheet 1');
    } catch (error) {
      const shown = JSON.stringify(error) + String(error);
      expect(groups.filter((group) => shown.includes(group))).toEqual([]);
    }
    expect.assertions(1);
  });
});

describe('splitSecret', () => {
  it.each([
    ['one that alone restores it', { threshold: 1 }],
    ['more than there are', { threshold: 6 }],
    ['two shares for one holder', { holders: ['alice', 'alice', 'bob'] }],
    ['no secret', { secret: new Uint8Array() }],
    ['17 holders', { holders: Array.from({ length: 17 }, (_, index) => `h${index}`) }],
  ] satisfies [string, Partial<SplitOptions>][])('refuses %s', async (_name, change) => {
    await expect(splitSecret({ ...options, ...change })).rejects.toThrowToolkit('KEY_SHARE_PLAN');
  });

  it('publishes nothing that the secret can be guessed by: the same secret twice has two commitments', async () => {
    const [one, two] = await Promise.all([splitSecret(options), splitSecret(options)]);
    expect(one.set.commitment).not.toBe(two.set.commitment);
    expect(equalBytes(secret, options.secret)).toBe(true);
  });
});
