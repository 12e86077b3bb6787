import { describe, expect, it } from '@jest/globals';
import {
  type AttestationPolicy,
  type AttestedEnrolment,
  assertAttestation,
  judgeAttestation,
} from '../../../ceremony/holders/attestation.ts';
import { attestationRules } from '../../../ceremony/holders/rules/index.ts';
import { attest } from '../../support/attestations.ts';
import { days } from '../../support/certificates.ts';
import { now, seededSigner } from '../../support/root-of-trust.ts';
import { lenient, strict, trust } from './sample.ts';

const { publicKey } = seededSigner('alice');
const bob = { holder: 'bob', publicKey: seededSigner('bob').publicKey };
const good: AttestedEnrolment = {
  holder: 'alice',
  publicKey,
  attestation: attest(publicKey),
  at: now,
  others: [],
  trust,
};

interface Case {
  readonly rule: string;
  readonly what: string;
  readonly violates: Partial<AttestedEnrolment>;
  readonly complies: Partial<AttestedEnrolment>;
  readonly policy?: AttestationPolicy;
}

const policyBytes = (...policy: readonly number[]) => ({ attestation: attest(publicKey, { policy }) });
const firmware = (...parts: readonly number[]) => ({ attestation: attest(publicKey, { firmware: parts }) });
const serial = '13078778';

const cases: readonly Case[] = [
  { rule: 'attestation-present', what: 'none', violates: { attestation: undefined }, complies: {} },
  { rule: 'attestation-chain', what: 'an unknown maker', violates: { trust: {} }, complies: {} },
  { rule: 'attestation-chain', what: 'one of later', violates: { at: days(-60) }, complies: { at: days(-1) } },
  {
    rule: 'attested-key-matches',
    what: 'the attestation of another key',
    violates: { attestation: attest(bob.publicKey) },
    complies: {},
  },
  { rule: 'firmware-floor', what: '5.6.9', violates: firmware(5, 6, 9), complies: firmware(5, 7, 0) },
  { rule: 'firmware-floor', what: '4.9.9', violates: firmware(4, 9, 9), complies: firmware(6, 0, 0) },
  {
    rule: 'firmware-floor',
    what: '5.7.3 below 5.7.10',
    violates: firmware(5, 7, 3),
    complies: firmware(5, 7, 10),
    policy: { ...strict, firmware: '5.7.10' },
  },
  { rule: 'pin-policy', what: 'once', violates: policyBytes(2, 2), complies: policyBytes(3, 2) },
  { rule: 'pin-policy', what: 'match once', violates: policyBytes(4, 2), complies: policyBytes(5, 2) },
  {
    rule: 'pin-policy',
    what: 'never',
    violates: policyBytes(1, 2),
    complies: policyBytes(2, 2),
    policy: { ...strict, pin: 'once' },
  },
  { rule: 'touch-policy', what: 'cached', violates: policyBytes(3, 3), complies: policyBytes(3, 2) },
  {
    rule: 'touch-policy',
    what: 'never',
    violates: policyBytes(3, 1),
    complies: policyBytes(3, 3),
    policy: { ...strict, touch: 'cached' },
  },
  {
    rule: 'serial-not-revoked',
    what: 'a device that was stolen',
    violates: { attestation: attest(publicKey, { serial: [2, 1, 99] }) },
    complies: {},
  },
  {
    rule: 'serial-unique',
    what: 'the device of another holder',
    violates: { others: [{ ...bob, serial }] },
    complies: { others: [{ ...bob, serial: '1' }, bob, { ...bob, holder: 'alice', serial }] },
  },
];

const rulesOf = (change: Partial<AttestedEnrolment>, policy = strict): readonly string[] =>
  judgeAttestation({ ...good, ...change }, policy).findings.map(({ rule }) => rule);

describe.each(cases)('rule $rule', ({ rule, what, violates, complies, policy }) => {
  it(`refuses ${what}`, () => {
    expect(rulesOf(violates, policy)).toEqual([rule]);
  });

  it('accepts what complies', () => {
    expect(rulesOf(complies, policy)).toEqual([]);
  });
});

describe('judgeAttestation', () => {
  it('has a pair of tests for every rule', () => {
    expect(new Set(cases.map(({ rule }) => rule))).toEqual(new Set(attestationRules.map(({ id }) => id)));
  });

  it('returns what the device says', () => {
    expect(judgeAttestation(good, strict).attested).toMatchObject({ serial, firmware: '5.7.4' });
  });

  it('accepts a key without a device where the policy does not ask for one', () => {
    expect(rulesOf({ attestation: undefined }, { ...lenient, firmware: '9.9.9', pin: 'always' })).toEqual([]);
  });

  it('judges an attestation that nobody asked for', () => {
    expect(rulesOf(firmware(4, 0, 0), { ...strict, required: false })).toEqual(['firmware-floor']);
  });
});

describe('assertAttestation', () => {
  const judged = (change: Partial<AttestedEnrolment>) => () =>
    assertAttestation(judgeAttestation({ ...good, ...change }, strict), 'alice');

  it('accepts a key without complaints', () => {
    expect(judged({})).not.toThrow();
  });

  it('tells what is false from what is true and too little', () => {
    expect(judged({ trust: {} })).toThrowToolkit('CER_ATTESTATION_FALSE', { rule: 'attestation-chain' });
    expect(judged({ attestation: attest(bob.publicKey) })).toThrowToolkit('CER_ATTESTATION_FALSE', {
      rule: 'attested-key-matches',
    });
    expect(judged(policyBytes(1, 1))).toThrowToolkit('CER_ATTESTATION_POLICY');
    expect(judged({ attestation: undefined })).toThrowToolkit('CER_ATTESTATION_POLICY');
  });
});
