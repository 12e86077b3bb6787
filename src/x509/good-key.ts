import type { KeyObject } from 'node:crypto';

/**
 * Returns why sigstore's key policy (boulder's `goodkey`, run by Fulcio and the TSA at start) refuses a key, or
 * `undefined` if it accepts it. That a point lies on its curve was checked when the key was read.
 * @see https://github.com/letsencrypt/boulder/blob/main/goodkey/good_key.go
 */
export function keyWeakness(publicKey: KeyObject): string | undefined {
  if (publicKey.asymmetricKeyType === 'ed25519') return undefined;
  if (publicKey.asymmetricKeyType === 'ec')
    return curveWeakness(publicKey.asymmetricKeyDetails?.namedCurve ?? 'unknown');
  if (publicKey.asymmetricKeyType === 'rsa') return rsaWeakness(publicKey);
  return `expected an RSA, ECDSA or Ed25519 key, got ${publicKey.asymmetricKeyType ?? publicKey.type}`;
}

function curveWeakness(curve: string): string | undefined {
  return ['prime256v1', 'secp384r1', 'secp521r1'].includes(curve)
    ? undefined
    : `expected the curve P-256, P-384 or P-521, got ${curve}`;
}

function rsaWeakness(publicKey: KeyObject): string | undefined {
  const { modulusLength = 0, publicExponent } = publicKey.asymmetricKeyDetails ?? {};
  if (![2048, 3072, 4096].includes(modulusLength)) {
    return `expected an RSA key of 2048, 3072 or 4096 bits, got ${modulusLength}`;
  }
  if (publicExponent !== 65_537n) return `expected the RSA exponent 65537, got ${publicExponent}`;
  const modulus = modulusOf(publicKey);
  if (smallPrimes.some((prime) => modulus % prime === 0n)) return 'its RSA modulus is divisible by a small prime';
  if (isFromInfineon(modulus))
    return 'its RSA modulus has the mark of vulnerable Infineon hardware (ROCA, CVE-2017-15361)';
  if (hasCloseFactors(modulus)) return 'the factors of its RSA modulus are too close together (Fermat)';
  return undefined;
}

function modulusOf(publicKey: KeyObject): bigint {
  const { n = '' } = publicKey.export({ format: 'jwk' });
  return BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`);
}

const smallPrimes = Array.from({ length: 750 }, (_, index) => index + 2)
  .filter(
    (candidate) =>
      !Array.from({ length: 26 }, (_, index) => index + 2).some((d) => d < candidate && candidate % d === 0),
  )
  .map(BigInt);

/** Primes for which a power of 65537 is a rare remainder. */
const rocaPrimes = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157].map(BigInt);

/** The broken library made primes `k * M + 65537^a mod M`: modulo each factor of M the modulus is a power of 65537. */
function isFromInfineon(modulus: bigint): boolean {
  return rocaPrimes.every((prime) => isPowerOf65537(modulus % prime, prime));
}

function isPowerOf65537(remainder: bigint, prime: bigint): boolean {
  for (let power = 1n, step = 0n; step < prime; step += 1n, power = (power * 65_537n) % prime) {
    if (power === remainder) return true;
  }
  return false;
}

const fermatRounds = 100;

/** Fermat's method: n = a² - b² = (a + b)(a - b), found fast if the factors are close to the square root of n. */
function hasCloseFactors(modulus: bigint): boolean {
  let a = squareRoot(modulus) + 1n;
  for (let round = 0; round < fermatRounds; round += 1, a += 1n) {
    const b2 = a * a - modulus;
    if (squareRoot(b2) ** 2n === b2) return true;
  }
  return false;
}

/** Returns the floor of the square root (Newton, from above). */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
