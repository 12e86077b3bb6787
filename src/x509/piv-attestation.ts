import type { KeyObject } from 'node:crypto';
import { ToolkitError } from '../core/error.ts';
import type { Certificate } from './certificate.ts';
import { type AttestationTrust, parseOneCertificate, verifyAttestationChain } from './piv-chain.ts';
import { yubicoPivIntermediates, yubicoPivRoots } from './yubico-roots.ts';

const pinPolicies = { 1: 'never', 2: 'once', 3: 'always', 4: 'match-once', 5: 'match-always' } as const;
const touchPolicies = { 1: 'never', 2: 'always', 3: 'cached' } as const;
const formFactors = {
  1: 'USB-A keychain',
  2: 'USB-A nano',
  3: 'USB-C keychain',
  4: 'USB-C nano',
  5: 'USB-C Lightning',
  6: 'USB-A biometric',
  7: 'USB-C biometric',
} as const;

/** When a PIN is asked for; `match-` policies of biometric keys take a finger in its place. */
export type PinPolicy = (typeof pinPolicies)[keyof typeof pinPolicies];
export type TouchPolicy = (typeof touchPolicies)[keyof typeof touchPolicies];

/** What a YubiKey says of a key that was made in it and cannot leave it. */
export interface PivAttestation {
  /** The device's serial number, decimal, as it is printed on it. */
  readonly serial: string;
  readonly firmware: string;
  readonly pinPolicy: PinPolicy;
  readonly touchPolicy: TouchPolicy;
  readonly formFactor?: (typeof formFactors)[keyof typeof formFactors];
  /** The PIV slot, like `9c`. */
  readonly slot: string;
  /** The attested key. That it is the one which signs is for the caller to compare. */
  readonly publicKey: KeyObject;
  /** The pinned root that vouches for the device. */
  readonly root: { readonly name: string; readonly sha256: string };
}

export interface AttestedKey extends Partial<AttestationTrust> {
  /** PEM of what the device issued for the key (`ykman piv keys attest`), in LF or CRLF lines. */
  readonly keyCertificate: string;
  /** PEM of the device's own certificate (slot f9). */
  readonly deviceCertificate: string;
  /** Every certificate must be valid at this time. */
  readonly now: Date;
}

/**
 * Verifies a YubiKey's attestation of a PIV key up to a pinned root, by default Yubico's, and returns what it says.
 *
 * Nothing is judged: a key that needs neither PIN nor touch is attested as truly as any other.
 * @throws X509_ATTESTATION_CHAIN if no chain of valid certificates leads to a pinned root
 * @throws X509_ATTESTATION if what the device says is incomplete or unknown
 * @throws X509_PEM, X509_CERTIFICATE if they are no certificates
 * @see https://docs.yubico.com/hardware/oid/oid-piv-arc.html
 */
export function verifyPivAttestation(attested: AttestedKey): PivAttestation {
  const { now, roots = yubicoPivRoots, intermediates = yubicoPivIntermediates } = attested;
  const key = parseOneCertificate(attested.keyCertificate, 'attestation of the key');
  const device = parseOneCertificate(attested.deviceCertificate, 'attestation of the device');
  const root = verifyAttestationChain({ key, device, roots, intermediates, now });
  const [pin = 0, touch = 0] = readBytes(key, usagePolicyOid, 2);
  const formFactor = extensionsOf(key, formFactorOid).length > 0 ? formFactorOf(key) : undefined;
  return {
    serial: readSerial(key),
    firmware: readBytes(key, firmwareOid, 3).join('.'),
    pinPolicy: named(pinPolicies, pin) ?? refuse(key, `expected a PIN policy from 1 to 5, got ${pin}`),
    touchPolicy: named(touchPolicies, touch) ?? refuse(key, `expected a touch policy from 1 to 3, got ${touch}`),
    ...(formFactor && { formFactor }),
    slot: slotOf(key),
    publicKey: key.publicKey,
    root,
  };
}

const yubicoPivArc = '1.3.6.1.4.1.41482.3';
const firmwareOid = `${yubicoPivArc}.3`;
const serialOid = `${yubicoPivArc}.7`;
const usagePolicyOid = `${yubicoPivArc}.8`;
const formFactorOid = `${yubicoPivArc}.9`;

function extensionsOf(certificate: Certificate, oid: string): readonly Uint8Array[] {
  return certificate.extensions.filter((extension) => extension.oid === oid).map(({ value }) => value);
}

/** Most values are bare bytes in the extension, without DER around them. */
function readBytes(certificate: Certificate, oid: string, length: number): Uint8Array {
  const [value, ...others] = extensionsOf(certificate, oid);
  if (value?.length === length && others.length === 0) return value;
  return refuse(certificate, `expected the extension ${oid} once, with ${length} bytes`);
}

/** The serial number alone is a DER INTEGER, of at most four bytes and a leading zero. */
function readSerial(certificate: Certificate): string {
  const [value = new Uint8Array(), ...others] = extensionsOf(certificate, serialOid);
  const [tag, length, first = 0x80, second = 0] = value;
  const isShortest = first !== 0 || value.length === 3 || second >= 0x80;
  const isInteger = tag === 0x02 && length === value.length - 2 && value.length <= 7 && first < 0x80 && isShortest;
  if (!isInteger || others.length > 0) return refuse(certificate, `expected the extension ${serialOid} with a serial`);
  return value
    .slice(2)
    .reduce((sum, byte) => sum * 256 + byte, 0)
    .toString();
}

/** The two highest bits mark FIPS and security-key editions. */
function formFactorOf(certificate: Certificate) {
  const [code = 0] = readBytes(certificate, formFactorOid, 1);
  return named(formFactors, code & 0x3f);
}

function slotOf(certificate: Certificate): string {
  const slot = /^YubiKey PIV Attestation ([0-9a-f]{2})$/.exec(certificate.label)?.[1];
  return slot ?? refuse(certificate, 'expected the subject "YubiKey PIV Attestation" with a slot');
}

function named<Names extends Readonly<Record<number, string>>>(
  names: Names,
  code: number,
): Names[keyof Names] | undefined {
  return (names as Readonly<Record<number, Names[keyof Names]>>)[code];
}

function refuse(certificate: Certificate, message: string): never {
  throw new ToolkitError('X509_ATTESTATION', {
    message: `attestation of the key ${JSON.stringify(certificate.label)}: ${message}`,
    fault: 'input',
    data: { what: certificate.label },
    hint: 'attest the key anew: ykman piv keys attest SLOT FILE; a device that this does not know needs a newer sigstead',
  });
}
