/**
 * Whether EventBridge would take an event for a pattern, as far as our patterns go: lists of values, `prefix`, `wildcard`,
 * `exists`, `anything-but`, and `$or`. Of a list of objects, one is enough.
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
export function matchesPattern(pattern: unknown, event: unknown): boolean {
  return Object.entries(pattern as Readonly<Record<string, unknown>>).every(([name, wanted]) => {
    if (name === '$or') return (wanted as readonly unknown[]).some((each) => matchesPattern(each, event));
    const given = isObject(event) ? event[name] : undefined;
    if (Array.isArray(wanted)) return matchesOne(wanted, given);
    return Array.isArray(given) ? given.some((each) => matchesPattern(wanted, each)) : matchesPattern(wanted, given);
  });
}

/** Of a list in the event, one value is enough; an absent one matches nothing but its absence. What has parts is no value. */
function matchesOne(alternatives: readonly unknown[], given: unknown): boolean {
  const values = Array.isArray(given) ? given : given === undefined ? [] : [given];
  return alternatives.some((wanted) => {
    if (isObject(wanted) && 'exists' in wanted) return wanted['exists'] === values.some((value) => !isObject(value));
    return values.some((value) => matchesValue(wanted, value));
  });
}

function matchesValue(wanted: unknown, value: unknown): boolean {
  if (!isObject(wanted)) return wanted === value;
  const [[operator, operand] = fail(wanted)] = Object.entries(wanted);
  const text = String(value);
  switch (operator) {
    case 'prefix':
      return text.startsWith(String(operand));
    case 'wildcard':
      return new RegExp(
        `^${String(operand)
          .replaceAll(/[^\w*]/g, String.raw`\$&`)
          .replaceAll('*', '.*')}$`,
      ).test(text);
    case 'anything-but':
      return !(operand as readonly unknown[]).includes(value);
    default:
      return fail(wanted);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fail(wanted: unknown): never {
  throw new Error(`${JSON.stringify(wanted)}: this matcher does not know it`);
}
