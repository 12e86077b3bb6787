/**
 * Returns a regular expression for decimal numbers above `max` without leading zeros, as text for AWS WAF: of a body it
 * sees the first 8 KB only, and no header as a number.
 */
export function numberAbovePattern(max: number): string {
  const digits = String(max);
  const sameLength = [...digits].flatMap((digit, index) => {
    if (digit === '9') return [];
    const rest = digits.length - index - 1;
    return [`${digits.slice(0, index)}${above(Number(digit))}${rest > 0 ? `[0-9]{${rest}}` : ''}`];
  });
  return `^(?:${[...sameLength, `[1-9][0-9]{${digits.length},}`].join('|')})$`;
}

function above(digit: number): string {
  return digit === 8 ? '9' : `[${digit + 1}-9]`;
}
