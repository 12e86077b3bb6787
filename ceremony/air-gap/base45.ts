/** The 45 characters that a QR code stores in eleven bits a pair. */
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

/** Returns bytes as text that every scanner hands over unchanged: three characters for two bytes (RFC 9285). */
export function toBase45(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let index = 0; index < bytes.length; index += 2) {
    const [first = 0, second] = bytes.subarray(index, index + 2);
    groups.push(second === undefined ? digits(first, 2) : digits(first * 256 + second, 3));
  }
  return groups.join('');
}

/** Returns the bytes of base45 text, or `undefined` if it is none. There is one text for each byte string. */
export function bytesOfBase45(text: string): Uint8Array | undefined {
  const bytes: number[] = [];
  for (let index = 0; index < text.length; index += 3) {
    const group = text.slice(index, index + 3);
    const value = numberOf(group);
    const isPair = group.length === 3;
    if (group.length === 1 || value === undefined || value > (isPair ? 0xffff : 0xff)) return undefined;
    bytes.push(...(isPair ? [value >> 8, value & 0xff] : [value]));
  }
  return Uint8Array.from(bytes);
}

/** The least significant digit comes first. */
function digits(value: number, count: number): string {
  return Array.from({ length: count }, (_, place) => alphabet[Math.floor(value / 45 ** place) % 45]).join('');
}

function numberOf(group: string): number | undefined {
  const places = Array.from(group, (char) => alphabet.indexOf(char));
  return places.includes(-1) ? undefined : places.reduceRight((sum, place) => sum * 45 + place, 0);
}
