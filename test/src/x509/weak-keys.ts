import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';

/**
 * RSA keys of 2048 bits whose modulus is broken in one way each: a small factor, the mark of the Infineon library,
 * factors close together. The key policy looks at the modulus alone, so no private half is needed.
 */
export const weakModulusKeys = {
  'a small factor': () => rsaPublicKey(withSmallFactor()),
  'the mark of the Infineon library': () => rsaPublicKey(fromInfineon()),
  'close factors': () => rsaPublicKey(withCloseFactors()),
} as const satisfies Record<string, () => KeyObject>;

const smallPrimes = primesBelow(752).map(BigInt);
const rocaPrimes = [11n, 13n, 17n, 19n, 37n, 53n, 61n, 71n, 73n, 79n, 97n, 103n, 107n, 109n, 127n, 151n, 157n];

function withSmallFactor(): bigint {
  const candidate = odd(2048);
  return candidate - (candidate % 751n);
}

/** 65537^a modulo the product of the marked primes, plus a multiple of that product. */
function fromInfineon(): bigint {
  const product = rocaPrimes.reduce((all, prime) => all * prime, 1n);
  const power = Array.from({ length: 5 }).reduce((value: bigint) => (value * 65_537n) % product, 1n);
  return search(() => (odd(2048) / product) * product + power);
}

function withCloseFactors(): bigint {
  return search(() => {
    const middle = odd(1024) | (1n << 1023n) | (1n << 1022n);
    return (middle - 10n) * (middle + 10n);
  });
}

function search(next: () => bigint): bigint {
  for (;;) {
    const candidate = next();
    const isClean = smallPrimes.every((prime) => candidate % prime !== 0n);
    if (isClean && candidate.toString(2).length === 2048) return candidate;
  }
}

function odd(bits: number): bigint {
  return BigInt(`0x${randomBytes(bits / 8).toString('hex')}`) | (1n << BigInt(bits - 1)) | 1n;
}

function primesBelow(limit: number): readonly number[] {
  const numbers = Array.from({ length: limit - 2 }, (_, index) => index + 2);
  return numbers.filter((n) => numbers.every((d) => d * d > n || n % d !== 0));
}

function rsaPublicKey(modulus: bigint): KeyObject {
  const hex = modulus.toString(16);
  const n = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url');
  return createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' });
}
