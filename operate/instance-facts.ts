import { readFacts, type StateDirectory, type StateFacts } from '../local/state.ts';
import { ToolkitError } from '../src/core/error.ts';
import { shellWord } from '../src/core/shell.ts';

/**
 * Returns what was decided when the instance was made.
 * @throws OPS_NO_INSTANCE if the state directory has none
 */
export async function readInstanceFacts(state: StateDirectory): Promise<StateFacts> {
  const facts = await readFacts(state);
  if (facts) return facts;
  const directory = shellWord(state.path);
  throw new ToolkitError('OPS_NO_INSTANCE', {
    message: `${state.path}: no instance was ever up here`,
    fault: 'input',
    data: { state: state.path },
    hint: `start one with: sigstead up --state ${directory}, or name the directory of another one`,
  });
}
