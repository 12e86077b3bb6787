import { type KeyObject, randomBytes } from 'node:crypto';
import { OctetString } from '@peculiar/asn1-schema';
import { Extension } from '@peculiar/asn1-x509';
import { sha256Hex } from '../../src/core/digest.ts';
import { formatPem } from '../../src/x509/pem.ts';
import type { AttestationTrust } from '../../src/x509/piv-chain.ts';
import { type Made, make, type Recipe } from './certificates.ts';

/** A maker of devices that nobody but tests trusts. */
export const testMaker = make({ commonName: 'Test PIV Root', pathLength: 1 });
export const testTrust: AttestationTrust = { roots: [pinned(testMaker)], intermediates: [] };

/** The attestation key of one device. */
export const testDevice = make({ commonName: 'Yubico PIV Attestation', issuer: testMaker, pathLength: 0 });

export function pinned({ der }: Made) {
  return { pem: pemOf(der), sha256: sha256Hex(der) };
}

export function pemOf(der: Uint8Array): string {
  return formatPem('CERTIFICATE', der);
}

/** What a device says of a key; what is left out is as a careful holder has it. */
export interface Attested {
  readonly firmware?: readonly number[];
  readonly serial?: readonly number[];
  readonly policy?: readonly number[];
  readonly formFactor?: readonly number[];
  readonly slot?: string;
  readonly device?: Made;
  readonly recipe?: Recipe;
}

/** Returns the certificates that a device gives out for a key. */
export function attest(publicKey: KeyObject, attested: Attested = {}) {
  const { device = testDevice, slot = '9c', recipe } = attested;
  const { firmware = [5, 7, 4], serial = [2, 4, 0, 199, 144, 250], policy = [3, 2], formFactor = [1] } = attested;
  const values = { 3: firmware, 7: serial, 8: policy, 9: formFactor };
  const key = make({
    commonName: `YubiKey PIV Attestation ${slot}`,
    issuer: device,
    pathLength: 'leaf',
    publicKey,
    serial: [0x41, ...randomBytes(7)],
    extensions: () => Object.entries(values).flatMap(([arc, bytes]) => (bytes.length > 0 ? [saying(arc, bytes)] : [])),
    ...recipe,
  });
  return { keyCertificate: pemOf(key.der), deviceCertificate: pemOf(device.der) };
}

export function saying(arc: string, bytes: readonly number[]): Extension {
  const extnValue = new OctetString(Uint8Array.from(bytes));
  return new Extension({ extnID: `1.3.6.1.4.1.41482.3.${arc}`, critical: false, extnValue });
}
