/** What a rate has to gain over two steps to be called rising. */
const minGain = 1.05;
/** A rate that falls below this share of the best has collapsed: more clients only bring requests that time out. */
const collapse = 2 / 3;

/** True while more clients bring more: the better of the last two steps beats every one before them by 5 %. */
export function stillRises(rates: readonly number[]): boolean {
  const [before, last] = [rates.slice(0, -2), rates.slice(-2)];
  if ((rates.at(-1) ?? 0) < collapse * Math.max(...rates)) return false;
  return before.length === 0 || Math.max(...last) >= minGain * Math.max(...before);
}
