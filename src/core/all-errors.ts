import { ToolkitError } from './error.ts';

type Values<Promises extends readonly unknown[]> = { -readonly [K in keyof Promises]: Awaited<Promises[K]> };

/**
 * Waits for all of them, as `Promise.all`; what fails does not hide what else fails.
 * @throws what is no `ToolkitError`, before anything else: it is a bug
 * @throws the one error, or one that tells of every error (see `together`)
 */
export async function allOrErrors<const Promises extends readonly unknown[]>(
  promises: Promises,
): Promise<Values<Promises>> {
  const settled = await Promise.allSettled(promises);
  const reasons = settled.flatMap((each): unknown[] => (each.status === 'rejected' ? [each.reason] : []));
  for (const reason of reasons) if (!(reason instanceof ToolkitError)) throw reason;
  const [first, ...others] = reasons.filter((reason) => reason instanceof ToolkitError);
  if (first !== undefined) throw others.length === 0 ? first : together([first, ...others]);
  return settled.map((each) => (each.status === 'fulfilled' ? each.value : undefined)) as Values<Promises>;
}

/** What `data.errors` says of each. */
type Told = Pick<ToolkitError, 'code' | 'fault' | 'message' | 'hint' | 'data'>;

/** Code and fault are those of the first, or of the first that is evidence: an attack is never told as a mistake. */
function together(errors: readonly [ToolkitError, ...ToolkitError[]]): ToolkitError {
  const told = errors.flatMap(toldOf);
  const { code, fault } = errors.find((error) => error.fault === 'evidence') ?? errors[0];
  const hints = [...new Set(told.flatMap(hintLines))];
  return new ToolkitError(code, {
    message: told.map(({ message }) => message).join('\n'),
    fault,
    data: { errors: told },
    ...(hints.length > 0 && { hint: hints.join('\n') }),
  });
}

function toldOf(error: ToolkitError): readonly Told[] {
  const { code, fault, message, hint, data } = error;
  const { errors } = data;
  return Array.isArray(errors) ? (errors as readonly Told[]) : [{ code, fault, message, hint, data }];
}

/** `line 7: …` says nothing among the lines of several files. */
function hintLines({ hint, data: { file, path, what } }: Told): readonly string[] {
  if (hint === undefined) return [];
  const where = [file, path, what].find((name) => typeof name === 'string');
  return hint.split('\n').map((line) => (where === undefined ? line : `${String(where)}: ${line}`));
}
