import {
  BasicConstraints,
  ExtendedKeyUsage,
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  KeyUsage,
  KeyUsageFlags,
  Name,
  NameConstraints,
} from '@peculiar/asn1-x509';
import type { CertificateChain } from '../../../src/x509/chain.ts';
import { chainOf, chainPublicKey } from '../../../src/x509/chain.ts';
import type { LintOptions } from '../../../src/x509/lint.ts';
import { oid } from '../../../src/x509/oids.ts';
import {
  adding,
  authorityKeyId,
  critical,
  days,
  ecKey,
  ed25519Key,
  extension,
  having,
  make,
  nameOf,
  type Recipe,
  rsaKey,
  rsaPublicKey,
  without,
} from '../../support/certificates.ts';
import { fulcioChain, longTsaChain, tsaChain } from '../../support/chains.ts';
import { weakModulusKeys } from './weak-keys.ts';

/** A chain that breaks one rule, and one that keeps it. */
export interface RuleCase {
  readonly use: 'fulcio' | 'tsa';
  readonly violates: () => readonly CertificateChain[];
  readonly complies: () => readonly CertificateChain[];
  readonly options?: (chain: CertificateChain) => Partial<LintOptions>;
}

const inIntermediate = (...recipes: readonly Recipe[]) => recipes.map((intermediate) => fulcioChain({ intermediate }));
const inRoot = (...recipes: readonly Recipe[]) => recipes.map((root) => fulcioChain({ root }));
const inLeaf = (...recipes: readonly Recipe[]) => recipes.map((leaf) => tsaChain({ leaf }));

const fulcio = (violates: RuleCase['violates'], complies: RuleCase['complies'] = () => [fulcioChain()]): RuleCase => ({
  use: 'fulcio',
  violates,
  complies,
});

const tsa = (violates: RuleCase['violates'], complies: RuleCase['complies'] = () => [tsaChain()]): RuleCase => ({
  use: 'tsa',
  violates,
  complies,
});

const serverAuth = '1.3.6.1.5.5.7.3.1';
const codeSigningAnd = (other: string) => extension(oid.extendedKeyUsage, false, new ExtendedKeyUsage([other]));
const onlyAcme = new GeneralSubtree({ base: new GeneralName({ rfc822Name: 'acme.example' }) });
const nameConstraints = extension(
  oid.nameConstraints,
  true,
  new NameConstraints({ permittedSubtrees: new GeneralSubtrees([onlyAcme]) }),
);
const policyConstraints = extension('2.5.29.36', true, new ExtendedKeyUsage([]));

const chainCases: Readonly<Record<string, RuleCase>> = {
  'chain-no-duplicates': fulcio(() => {
    const [first, root] = parts(fulcioChain());
    return [chainOf(first, root, root), chainOf(first, first, root)];
  }),
  'chain-order': fulcio(
    () => [reversed(fulcioChain()), ...inIntermediate({ issuerName: nameOf('fulcio root.') })],
    () => [fulcioChain(), chainOf(longTsaChain().der[2] ?? new Uint8Array())],
  ),
  'chain-signatures': fulcio(() =>
    inIntermediate({ signingKey: ecKey().privateKey }, { signingKey: rsaKey().privateKey }),
  ),
  'chain-self-signed-root': fulcio(() => [
    chainOf(parts(fulcioChain())[0]),
    ...inRoot({ signingKey: ecKey().privateKey }, { issuerName: nameOf('corporate root') }),
  ]),
  'chain-valid-now': fulcio(
    () => inIntermediate({ notAfter: days(-1 / 86_400) }, { notBefore: days(1 / 86_400) }),
    () => inIntermediate({ notAfter: days(0) }, { notBefore: days(0) }),
  ),
  'chain-validity-nests': fulcio(
    () => [...inRoot({ notAfter: days(100) }), ...inIntermediate({ notBefore: days(-31) })],
    () => inIntermediate({ notBefore: days(-30), notAfter: days(3650) }),
  ),
  'chain-outlives': {
    ...fulcio(
      () => inIntermediate({ notAfter: days(99) }),
      () => inIntermediate({ notAfter: days(100) }),
    ),
    options: () => ({ outlives: days(100) }),
  },
  'chain-first-key': {
    ...fulcio(
      () => [fulcioChain()],
      () => [fulcioChain({ intermediate: { commonName: 'keeps' } })],
    ),
    options: (chain) => ({ publicKey: isNamed(chain, 'keeps') ? chainPublicKey(chain) : ecKey().publicKey }),
  },
  'chain-key-strength': fulcio(
    () =>
      [rsaKey(1024).publicKey, rsaPublicKey(3), ecKey('secp224r1').publicKey, ecKey('secp256k1').publicKey]
        .concat(Object.values(weakModulusKeys).map((make) => make()))
        .flatMap((publicKey) => inIntermediate({ publicKey })),
    () => [rsaKey(), ecKey('secp384r1'), ecKey('secp521r1'), ed25519Key()].flatMap((key) => inIntermediate({ key })),
  ),
  'chain-path-length': fulcio(
    () => inRoot({ pathLength: 0 }),
    () => inRoot({ extensions: having(extension(oid.basicConstraints, true, new BasicConstraints({ cA: true }))) }),
  ),
  'chain-purpose-nests': fulcio(
    () => [...inRoot({ purposes: [serverAuth] }), ...inIntermediate({ purposes: [serverAuth] })],
    () => inRoot({ purposes: [oid.anyExtendedKeyUsage] }, { purposes: [serverAuth, oid.codeSigning] }, {}),
  ),
};

const certificateCases: Readonly<Record<string, RuleCase>> = {
  'certificate-version': fulcio(() => inRoot({ version: 1, extensions: () => [] })),
  'certificate-serial': fulcio(
    () => inIntermediate({ serial: [0x80, 1] }, { serial: [0] }, { serial: [1, ...Array<number>(20).fill(7)] }),
    () => inIntermediate({ serial: [1] }, { serial: Array<number>(20).fill(0x7f) }, { serial: [0, 0xff] }),
  ),
  'certificate-named': fulcio(() => inRoot({ subject: new Name([]) })),
  'certificate-time-form': fulcio(
    () => inIntermediate({ generalizedTime: true }),
    () => [fulcioChain({ root: { notAfter: new Date('2050-01-01T00:00:00Z') } })],
  ),
  'certificate-signature-algorithm': fulcio(
    () => [...inIntermediate({ hash: 'sha1' }), ...inRoot({ key: ed25519Key() }, { key: rsaKey(), withoutNull: true })],
    () => inRoot({ key: rsaKey() }),
  ),
  'certificate-signature-algorithm-agrees': fulcio(() => inIntermediate({ innerAlgorithm: oid.ecdsaWithSha384 })),
  'certificate-extensions-unique': fulcio(() =>
    inIntermediate({
      extensions: (list) => list.flatMap((item) => (item.extnID === oid.keyUsage ? [item, item] : [item])),
    }),
  ),
  'certificate-critical-extensions': fulcio(
    () => inIntermediate({ extensions: adding(policyConstraints) }),
    () => inIntermediate({ extensions: adding(extension('1.2.3.4', false, new BasicConstraints())) }),
  ),
  'certificate-identifiers-not-critical': fulcio(() =>
    inIntermediate(
      { extensions: critical(oid.subjectKeyIdentifier, true) },
      { extensions: critical(oid.authorityKeyIdentifier, true) },
    ),
  ),
  'certificate-authority-key-identifier': fulcio(() =>
    inIntermediate(
      { extensions: without(oid.authorityKeyIdentifier) },
      { extensions: having(authorityKeyId(new Uint8Array(20))) },
    ),
  ),
  'ca-basic-constraints': fulcio(() => [
    ...inIntermediate({ extensions: without(oid.basicConstraints) }, { pathLength: 'leaf' }),
    ...inRoot({ extensions: critical(oid.basicConstraints, false) }),
  ]),
  'ca-key-usage': fulcio(
    () =>
      inIntermediate(
        { extensions: without(oid.keyUsage) },
        { extensions: having(extension(oid.keyUsage, true, new KeyUsage(KeyUsageFlags.cRLSign))) },
      ),
    () =>
      inIntermediate({ extensions: having(extension(oid.keyUsage, false, new KeyUsage(KeyUsageFlags.keyCertSign))) }),
  ),
  'ca-subject-key-identifier': fulcio(() => inIntermediate({ extensions: without(oid.subjectKeyIdentifier) })),
};

const fulcioCases: Readonly<Record<string, RuleCase>> = {
  'fulcio-code-signing': fulcio(
    () =>
      inIntermediate(
        { purposes: [serverAuth] },
        { extensions: without(oid.extendedKeyUsage) },
        { extensions: having(codeSigningAnd(oid.anyExtendedKeyUsage)) },
      ),
    () => [fulcioChain(), chainOf(make({ commonName: 'root alone' }).der)],
  ),
  'fulcio-purpose-not-critical': fulcio(() => inIntermediate({ extensions: critical(oid.extendedKeyUsage, true) })),
  'fulcio-public-keys': fulcio(
    () => inIntermediate({ key: ed25519Key() }, { publicKey: rsaKey(1024).publicKey }, { key: ecKey('secp256k1') }),
    () => inIntermediate({ key: rsaKey() }, { key: ecKey('secp521r1') }),
  ),
  'fulcio-root-offline': fulcio(() => [chainOf(make({ commonName: 'root alone' }).der)]),
  'fulcio-no-name-constraints': fulcio(() => inRoot({ extensions: adding(nameConstraints) })),
};

const tsaCases: Readonly<Record<string, RuleCase>> = {
  'tsa-chain-length': tsa(() => [chainOf(parts(tsaChain())[0])]),
  'tsa-leaf-not-ca': tsa(() => [
    ...inLeaf({ extensions: having(extension(oid.basicConstraints, true, new BasicConstraints({ cA: true }))) }),
    reversed(tsaChain()),
  ]),
  'tsa-leaf-public-key': tsa(
    () => inLeaf({ key: ed25519Key() }),
    () => inLeaf({ key: rsaKey() }, { key: ecKey('secp384r1') }),
  ),
  'tsa-leaf-time-stamping': tsa(() =>
    inLeaf({ purposes: [oid.codeSigning] }, { purposes: [oid.timeStamping, oid.codeSigning] }, { purposes: [] }),
  ),
  'tsa-leaf-purpose-critical': tsa(() => inLeaf({ extensions: critical(oid.extendedKeyUsage, false) })),
  'tsa-leaf-key-usage': tsa(
    () => inLeaf(withUsage(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment), withUsage(0)),
    () =>
      inLeaf(withUsage(KeyUsageFlags.nonRepudiation | KeyUsageFlags.digitalSignature), {
        extensions: without(oid.keyUsage),
      }),
  ),
  'tsa-intermediate-time-stamping': tsa(
    () =>
      [without(oid.extendedKeyUsage), having(codeSigningAnd(oid.anyExtendedKeyUsage))].map((extensions) =>
        longTsaChain({ intermediate: { extensions } }),
      ),
    () => [tsaChain(), longTsaChain()],
  ),
};

export const ruleCases: Readonly<Record<string, RuleCase>> = {
  ...chainCases,
  ...certificateCases,
  ...fulcioCases,
  ...tsaCases,
};

function withUsage(flags: number): Recipe {
  return { extensions: having(extension(oid.keyUsage, true, new KeyUsage(flags))) };
}

function parts(chain: CertificateChain): readonly [Uint8Array, Uint8Array] {
  const [first, second] = chain.der;
  if (!first || !second) throw new Error('expected two certificates');
  return [first, second];
}

function reversed(chain: CertificateChain): CertificateChain {
  return chainOf(...chain.der.toReversed());
}

function isNamed(chain: CertificateChain, commonName: string): boolean {
  return Buffer.from(parts(chain)[0]).includes(commonName);
}
