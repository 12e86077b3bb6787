/**
 * Returns the logical id that follows from the id of a service: `ct-ct2026-1` becomes `CtCt2026No1`. A hyphen before a
 * digit is kept as a word, for `a-1` and `a1` are two shards. It never changes, or the key behind it would be made anew.
 */
export function logicalId(serviceId: string): string {
  return serviceId
    .split('-')
    .map((word) => (/^\d/.test(word) ? `No${word}` : `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`))
    .join('');
}

/** Returns the name of the output of a Keys stack that holds the ARN of a key. */
export function keyOutput(keyId: string): string {
  return `${logicalId(keyId)}Arn`;
}
