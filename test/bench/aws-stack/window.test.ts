import { describe, expect, it } from '@jest/globals';
import { runWindow } from '../../../bench/aws-stack/window.ts';

const short = { warmUpSeconds: 0.02, seconds: 0.05 };
const pause = async () => new Promise((resolve) => setTimeout(resolve, 5));

describe('runWindow', () => {
  it('counts what ends between the two edges, and nothing before or after', async () => {
    const done: number[] = [];
    const work = async () => {
      await pause();
      done.push(1);
    };
    const { block, before, after } = await runWindow([work, work], { ...short, read: () => done.length });
    expect(block).toMatchObject({ completed: after - before, errors: {} });
    expect(before).toBeGreaterThan(0);
    expect(done.length).toBeGreaterThan(after);
  });

  it('counts a failure before the window too', async () => {
    let first = true;
    const work = async () => {
      await pause();
      if (!first) return;
      first = false;
      throw new Error('status 502');
    };
    const { block } = await runWindow([work, pause], { ...short, read: () => undefined });
    expect(block.errors).toEqual({ 'status 502': 1 });
  });
});
