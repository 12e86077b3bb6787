import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { toBase64, toHex } from '../../../src/core/bytes.ts';
import { sha256Hex, spkiOf } from '../../../src/core/digest.ts';
import { keyId, physicalKeyOf } from '../../../src/tuf/key.ts';
import { parseMetadata } from '../../../src/tuf/metadata.ts';
import { certificatesOf, parseChain } from '../../../src/x509/chain.ts';
import { type AttestedKey, verifyPivAttestation } from '../../../src/x509/piv-attestation.ts';
import { yubicoPivIntermediates, yubicoPivRoots } from '../../../src/x509/yubico-roots.ts';
import {
  type Attested,
  attest,
  pemOf,
  pinned,
  saying,
  testDevice,
  testMaker,
  testTrust,
} from '../../support/attestations.ts';
import { days, ecKey, make, testNow as now } from '../../support/certificates.ts';
import { seededSigner } from '../../support/root-of-trust.ts';
import { fixtures, readFixtureTarball } from '../../support/tarball.ts';
import { weakModulusKeys } from './weak-keys.ts';

const { publicKey } = seededSigner('alice');
const verify = (attested: Attested = {}, change: Partial<AttestedKey> = {}) =>
  verifyPivAttestation({ ...attest(publicKey, attested), ...testTrust, now, ...change });

describe('verifyPivAttestation', () => {
  it('returns what the device says, and who vouches for it', () => {
    const { publicKey: attested, ...said } = verify();
    expect(physicalKeyOf(attested)).toBe(physicalKeyOf(publicKey));
    expect(said).toEqual({
      serial: '13078778',
      firmware: '5.7.4',
      pinPolicy: 'always',
      touchPolicy: 'always',
      formFactor: 'USB-A keychain',
      slot: '9c',
      root: { name: 'Test PIV Root', sha256: sha256Hex(testMaker.der) },
    });
  });

  it.each([
    [[1, 1], 'never', 'never'],
    [[2, 2], 'once', 'always'],
    [[3, 3], 'always', 'cached'],
    [[4, 1], 'match-once', 'never'],
    [[5, 2], 'match-always', 'always'],
  ])('reads the policy bytes %j as PIN %s, touch %s', (policy, pinPolicy, touchPolicy) => {
    expect(verify({ policy })).toMatchObject({ pinPolicy, touchPolicy });
  });

  it('reads a form factor below the marks of its edition, and goes on without one', () => {
    expect(verify({ formFactor: [0x83] }).formFactor).toBe('USB-C keychain');
    expect(verify({ formFactor: [] })).not.toHaveProperty('formFactor');
    expect(verify({ formFactor: [0x3f] })).not.toHaveProperty('formFactor');
  });

  it('reads Windows line ends alike', () => {
    const { keyCertificate, deviceCertificate } = attest(publicKey);
    const crlf = (pem: string): string => pem.replaceAll('\n', '\r\n');
    const change = { keyCertificate: crlf(keyCertificate), deviceCertificate: crlf(deviceCertificate) };
    expect(verify({}, change)).toMatchObject({ serial: '13078778' });
  });

  it.each<[string, Attested]>([
    ['no serial', { serial: [] }],
    ['a serial that is no integer', { serial: [4, 1, 5] }],
    ['a negative serial', { serial: [2, 1, 0x80] }],
    ['a serial with a needless zero', { serial: [2, 2, 0, 5] }],
    ['a serial of another length than it says', { serial: [2, 4, 0, 5] }],
    ['a serial of five bytes', { serial: [2, 6, 0, 128, 1, 1, 1, 1] }],
    ['no firmware', { firmware: [] }],
    ['firmware of two parts', { firmware: [5, 7] }],
    ['no policy', { policy: [] }],
    ['a PIN policy that nobody knows', { policy: [0, 2] }],
    ['a touch policy that nobody knows', { policy: [3, 4] }],
    ['a policy of three bytes', { policy: [3, 2, 0] }],
    ['a form factor of two bytes', { formFactor: [1, 1] }],
    ['no slot', { slot: '' }],
    ['a policy twice', { recipe: { extensions: () => ['3', '8', '8'].map((arc) => saying(arc, [3, 2])) } }],
  ])('refuses %s', (_, attested) => {
    expect(() => verify(attested)).toThrowToolkit('X509_ATTESTATION');
  });

  it('refuses what is no certificate, or several', () => {
    expect(() => verify({}, { keyCertificate: 'x' })).toThrowToolkit('X509_PEM');
    expect(() => verify({}, { deviceCertificate: pemOf(testDevice.der).repeat(2) })).toThrowToolkit('X509_PEM');
    expect(() => verify({}, { keyCertificate: pemOf(Uint8Array.of(0x30, 0)) })).toThrowToolkit('X509_CERTIFICATE');
  });
});

const stranger = make({ commonName: 'Test PIV Root', pathLength: 1 });
const strangersDevice = make({ commonName: 'Yubico PIV Attestation', issuer: stranger });
const named = (commonName: string) => ({ commonName, issuer: testMaker });

describe('the chain of an attestation', () => {
  it('refuses a device of another root, even one of the same name', () => {
    expect(() => verify({ device: strangersDevice })).toThrowToolkit('X509_ATTESTATION_CHAIN');
    expect(() => verify({}, { roots: yubicoPivRoots })).toThrowToolkit('X509_ATTESTATION_CHAIN');
    expect(() => verify({}, { roots: [] })).toThrowToolkit('X509_ATTESTATION_CHAIN');
  });

  it('refuses a root that is not the pinned one', () => {
    const roots = [{ ...pinned(stranger), sha256: sha256Hex(testMaker.der) }];
    expect(() => verify({ device: strangersDevice }, { roots })).toThrowToolkit('X509_ATTESTATION_CHAIN');
  });

  it('refuses an attestation by another device', () => {
    const deviceCertificate = pemOf(make(named('Yubico PIV Attestation')).der);
    expect(() => verify({}, { deviceCertificate })).toThrowToolkit('X509_ATTESTATION_CHAIN');
  });

  it('refuses what a key in a slot of a genuine device attests', () => {
    const slotKey = make({ ...named('YubiKey PIV Attestation 9c'), issuer: testDevice, pathLength: 'leaf' });
    const trust = { roots: [...testTrust.roots, pinned(testDevice)] };
    expect(() => verify({ device: slotKey }, trust)).toThrowToolkit('X509_ATTESTATION_CHAIN', {
      reason: 'expected a certificate authority',
    });
    const longer = make({ ...named('Yubico PIV Attestation'), issuer: testDevice });
    expect(() => verify({ device: longer }, trust)).toThrowToolkit('X509_ATTESTATION_CHAIN', {
      reason: 'expected at most 0 authorities below it, got 1',
    });
  });

  it('refuses certificates outside their time', () => {
    expect(() => verify({}, { now: days(-31) })).toThrowToolkit('X509_ATTESTATION_CHAIN');
    expect(() => verify({}, { now: days(3651) })).toThrowToolkit('X509_ATTESTATION_CHAIN');
    expect(() => verify({ recipe: { notAfter: days(-1) } })).toThrowToolkit('X509_ATTESTATION_CHAIN');
  });

  it('refuses SHA-1, and keys that can be factored', () => {
    const old = make({ ...named('Yubico PIV Attestation'), hash: 'sha1' });
    expect(() => verify({ device: old })).toThrowToolkit('X509_ATTESTATION_CHAIN');
    const weak = weakModulusKeys['the mark of the Infineon library']();
    const roca = make({ ...named('Yubico PIV Attestation'), publicKey: weak });
    expect(() => verify({ device: roca })).toThrowToolkit('X509_ATTESTATION_CHAIN', {
      reason: expect.stringContaining('ROCA'),
    });
  });

  it('accepts pinned authorities between root and device, and only those', () => {
    const root = make({ commonName: 'Root', pathLength: 3 });
    const upper = make({ commonName: 'Upper', issuer: root, pathLength: 2 });
    const lower = make({ commonName: 'Lower', issuer: upper, pathLength: 1 });
    const device = make({ commonName: 'Yubico PIV Attestation', issuer: lower });
    const roots = [pinned(root)];
    const intermediates = [pemOf(lower.der), pemOf(upper.der)];
    expect(verify({ device }, { roots, intermediates }).root.name).toBe('Root');
    expect(() => verify({ device }, { roots, intermediates: [pemOf(lower.der)] })).toThrowToolkit(
      'X509_ATTESTATION_CHAIN',
    );
  });

  it('ends where authorities name each other', () => {
    const loop = make({ commonName: 'Loop', key: ecKey() });
    const device = make({ commonName: 'Yubico PIV Attestation', issuer: loop });
    expect(() => verify({ device }, { intermediates: [pemOf(loop.der)] })).toThrowToolkit('X509_ATTESTATION_CHAIN');
  });
});

describe('yubicoPivRoots', () => {
  it('are the certificates that they are pinned as, each signed by itself', () => {
    for (const { pem, sha256 } of yubicoPivRoots) {
      const [root] = certificatesOf(parseChain(pem, 'root'));
      expect(sha256Hex(root?.der ?? '')).toBe(sha256);
      expect(root?.isSignedBy(root.publicKey)).toBe(true);
    }
  });

  it('stand over the intermediates of firmware 5.7.4', () => {
    const authorities = [...yubicoPivRoots.map(({ pem }) => pem), ...yubicoPivIntermediates].flatMap((pem) =>
      certificatesOf(parseChain(pem, 'authority')),
    );
    const issuers = authorities.map((one) =>
      authorities.filter((other) => one.isSignedBy(other.publicKey)).map(({ label }) => label),
    );
    expect(issuers.slice(2)).toEqual([
      ['Yubico Attestation Root 1'],
      ['Yubico Attestation Root 1'],
      ['Yubico Attestation Intermediate A 1'],
      ['Yubico Attestation Intermediate B 1'],
    ]);
  });
});

const keys = `${fixtures}yubikey-attestation`;
const files = readFixtureTarball('public-good-root.tar.gz');
const present = existsSync(keys) && files !== undefined;
const title = 'the YubiKeys of the public instance’s holders';

(present ? describe : describe.skip)(present ? title : `SKIPPED, ../shared/fixtures is absent: ${title}`, () => {
  const read = (serial: string, what: string): string =>
    readFileSync(`${keys}/${serial}/${serial}_${what}.pem`, 'utf8');
  const verifyReal = (serial: string, device = serial) =>
    verifyPivAttestation({
      keyCertificate: read(serial, 'key_cert'),
      deviceCertificate: read(device, 'device_cert'),
      now,
    });

  it.each([
    ['13078778', '5.2.6', 'USB-C keychain'],
    ['14470876', '5.2.7', 'USB-C keychain'],
    ['15938765', '5.2.7', 'USB-C keychain'],
    ['15938791', '5.2.7', 'USB-C keychain'],
    ['18158855', '5.4.3', 'USB-A keychain'],
  ])('accepts %s: firmware %s, %s, PIN and touch always', (serial, firmware, formFactor) => {
    const { publicKey: attested, root, ...said } = verifyReal(serial);
    expect(said).toEqual({ serial, firmware, formFactor, slot: '9c', pinPolicy: 'always', touchPolicy: 'always' });
    expect(root.name).toBe('Yubico PIV Root CA Serial 263751');
    expect(read(serial, 'pubkey').replaceAll(/-.*-|\n/g, '')).toBe(toBase64(spkiOf(attested)));
  });

  it('refuses the attestation of one device under the certificate of another', () => {
    expect(() => verifyReal('13078778', '18158855')).toThrowToolkit('X509_ATTESTATION_CHAIN');
  });

  const keysOfRoot = (version: number) => {
    const bytes = files?.get(`public-good-root/metadata/root_history/${version}.root.json`) as Uint8Array;
    return [...parseMetadata(bytes, 'root').keys.values()];
  };

  it.each([5, 9])('knows all five among the keys of root v%i', (version) => {
    const ids = readdirSync(keys).map((serial) => {
      const attested = physicalKeyOf(verifyReal(serial).publicKey);
      const listed = keysOfRoot(version).find(({ physicalKey }) => physicalKey === attested);
      return listed && keyId(listed.key) === listed.keyid && listed.keyid;
    });
    expect(new Set(ids).size).toBe(5);
    expect(ids).toEqual(ids.map(() => expect.stringMatching(/^[0-9a-f]{64}$/)));
  });

  it('knows all five among the bare points of root v4', () => {
    const points = keysOfRoot(4).map(({ key }) => (key['keyval'] as { public: string }).public);
    const attested = readdirSync(keys).map((serial) => toHex(spkiOf(verifyReal(serial).publicKey)).slice(-130));
    expect(attested.filter((point) => points.includes(point))).toHaveLength(5);
  });
});
