/** Where work that takes over a second says what it is doing. `src/cli` draws it. */
export interface Progress {
  step(title: string): ProgressStep;
}

export interface ProgressStep {
  /** Says what is happening now; replaces the last detail. */
  update(detail: string): void;
  done(detail?: string): void;
  fail(detail?: string): void;
}

const silentStep: ProgressStep = { update: () => undefined, done: () => undefined, fail: () => undefined };

export const silentProgress: Progress = { step: () => silentStep };

/** Runs `work` as one step of `progress`: done when it returns, failed when it throws. */
export async function asStep<T>(
  progress: Progress,
  title: string,
  work: (step: ProgressStep) => Promise<T>,
  summary?: (result: T) => string,
): Promise<T> {
  const step = progress.step(title);
  try {
    const result = await work(step);
    step.done(summary?.(result));
    return result;
  } catch (error) {
    step.fail();
    throw error;
  }
}
