import { describe, expect, it } from '@jest/globals';
import { asStep, type Progress, silentProgress } from '../../../src/core/progress.ts';

function recording(): { progress: Progress; events: string[] } {
  const events: string[] = [];
  const note = (event: string) => (detail?: string) =>
    void events.push(detail === undefined ? event : `${event} ${detail}`);
  const step = { update: note('update'), done: note('done'), fail: note('fail') };
  const start = (title: string) => {
    events.push(title);
    return step;
  };
  return { progress: { step: start }, events };
}

describe('asStep', () => {
  it('is done when the work returns, with its summary', async () => {
    const { progress, events } = recording();
    const work = async (step: { update(detail: string): void }) => {
      step.update('half');
      return 2;
    };
    expect(await asStep(progress, 'build', work, (result) => `${result} files`)).toBe(2);
    expect(events).toEqual(['build', 'update half', 'done 2 files']);
  });

  it('has failed when the work throws, and throws the same', async () => {
    const { progress, events } = recording();
    const reason = new Error('no');
    await expect(asStep(progress, 'build', () => Promise.reject(reason))).rejects.toBe(reason);
    expect(events).toEqual(['build', 'fail']);
  });

  it('accepts a progress that draws nothing', async () => {
    expect(await asStep(silentProgress, 'build', async (step) => step.update('x'))).toBeUndefined();
  });
});
