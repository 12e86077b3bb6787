import { ToolkitError } from '../../../src/core/error.ts';

/** What a person reads of a refusal. */
export interface Refusal {
  readonly code: string;
  readonly text: string;
}

/** Returns how something is refused; where it is accepted, a refusal of nobody. */
export async function refusalOf(make: () => unknown): Promise<Refusal> {
  try {
    await make();
  } catch (error) {
    if (!(error instanceof ToolkitError)) throw error;
    return { code: error.code, text: `${error.message}\nfix: ${error.hint ?? ''}` };
  }
  return { code: 'accepted', text: '' };
}
