/** Returns a command line with other values of flags, and without some. */
export function withFlags(
  words: readonly string[],
  values: Readonly<Record<string, string>>,
  without: readonly string[],
): string[] {
  const gone = [...Object.keys(values), ...without].map((flag) => `--${flag}=`);
  const kept = words.filter((word) => !gone.some((flag) => word.startsWith(flag)));
  return [...kept, ...Object.entries(values).map(([flag, value]) => `--${flag}=${value}`)];
}
