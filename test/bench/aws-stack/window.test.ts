import { describe, expect, it } from '@jest/globals';
import { runWindow } from '../../../bench/aws-stack/window.ts';

const short = { warmUpSeconds: 0.02, seconds: 0.05 };
const pause = async () => new Promise((resolve) => setTimeout(resolve, 5));

describe('runWindow', () => {
  it('counts what ends between the two edges, and nothing before or after', async () => {
    const done: number[] = [];
    const edges: number[] = [];
    const work = async () => {
      await pause();
      done.push(1);
    };
    const block = await runWindow([work, work], { ...short, atEdge: () => edges.push(done.length) });
    const [begun = 0, ended = 0] = edges;
    expect(block).toMatchObject({ completed: ended - begun, errors: {} });
    expect(begun).toBeGreaterThan(0);
    expect(done.length).toBeGreaterThan(ended);
  });

  it('counts a failure before the window too', async () => {
    let first = true;
    const work = async () => {
      await pause();
      if (!first) return;
      first = false;
      throw new Error('status 502');
    };
    const block = await runWindow([work, pause], { ...short, atEdge: () => undefined });
    expect(block.errors).toEqual({ 'status 502': 1 });
  });
});
