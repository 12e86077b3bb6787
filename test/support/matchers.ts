import { expect } from '@jest/globals';
import { ToolkitError } from '../../src/core/error.ts';

declare module 'expect' {
  interface Matchers<R> {
    /** The function throws (or the promise rejects with) a `ToolkitError` of this code, whose data include `data`. */
    toThrowToolkit(code: string, data?: Readonly<Record<string, unknown>>): R;
  }
}

expect.extend({
  toThrowToolkit(received: unknown, code: string, data: Readonly<Record<string, unknown>> = {}) {
    const error = thrownBy(received);
    const pass =
      error instanceof ToolkitError &&
      error.code === code &&
      this.equals(error.data, expect.objectContaining({ ...data }));
    const got = error instanceof ToolkitError ? `${error.code} ${JSON.stringify(error.data)}: ${error.message}` : error;
    return {
      pass,
      message: () => `expected ToolkitError ${code} ${JSON.stringify(data)}, got ${String(got)}`,
    };
  },
});

/** In `expect(promise).rejects.toThrowToolkit(…)` jest hands over the reason itself. */
function thrownBy(received: unknown): unknown {
  if (typeof received !== 'function') return received;
  try {
    received();
  } catch (error) {
    return error;
  }
  return undefined;
}
