import { describe, expect, it } from '@jest/globals';
import { type Enrolment, formatEnrolment, parseEnrolment } from '../../../ceremony/holders/enrolment.ts';
import { formatInvitation, type Invitation } from '../../../ceremony/holders/invitation.ts';
import { otherKeyOf, verifyEnrolment, verifyKeptEnrolment } from '../../../ceremony/holders/verify-enrolment.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import type { Json } from '../../../src/core/json.ts';
import { attest } from '../../support/attestations.ts';
import { inDays, now, seededSigner } from '../../support/root-of-trust.ts';
import { answer, enrolled, invite, lenient, rehearsal, repository, strict, trust } from './sample.ts';

const signer = seededSigner('alice');
const invitation = invite('alice');
const keyAttributes = {
  sensitive: true,
  extractable: false,
  alwaysSensitive: true,
  neverExtractable: true,
  local: true,
  alwaysAuthenticate: true,
};
const device = {
  kind: 'pkcs11',
  label: 'alice',
  manufacturer: 'Yubico',
  model: 'Y',
  serial: '1',
  firmware: '5',
} as const;
const enrolment = await answer(invitation, { attestation: attest(signer.publicKey), keyAttributes, device });

type Options = Partial<Parameters<typeof verifyEnrolment>[0]>;
const verify = (change: Options = {}) =>
  verifyEnrolment({ enrolment, invitation, others: [], now, policy: strict, trust, ...change });

/** What somebody makes of a document who can edit it and not sign. */
const edited = (change: Partial<Enrolment>): Enrolment => ({ ...enrolment, ...change });
const claiming = (change: Partial<Invitation>): Enrolment => edited({ invitation: { ...invitation, ...change } });

describe('verifyEnrolment', () => {
  it('accepts the answer to our invitation', () => {
    const { holder, key, keyid, attested, findings } = verify({ now: inDays(13) });
    expect({ holder, findings, serial: attested?.serial }).toEqual({
      holder: 'alice',
      findings: [],
      serial: '13078778',
    });
    expect(key.keytype).toBe('ecdsa');
    expect(keyid).toMatch(/^[0-9a-f]{64}$/);
  });

  it('refuses the answer to another invitation of the same holder', () => {
    expect(() => verify({ invitation: invite('alice') })).toThrowToolkit('CER_INVITATION_FOREIGN', { field: 'nonce' });
  });

  it.each<[string, Partial<Invitation>]>([
    ['repository', { repository: rehearsal }],
    ['holder', { holder: { id: 'bob', name: 'alice' } }],
    ['keys', { keys: 'targets' }],
    ['names', { holder: { id: 'alice', name: 'Alice' } }],
    ['created', { created: inDays(-1) }],
    ['expires', { expires: inDays(300) }],
  ])('refuses an answer with another %s than we asked', (field, change) => {
    expect(() => verify({ enrolment: claiming(change) })).toThrowToolkit('CER_INVITATION_FOREIGN', { field });
  });

  it('refuses the proof of a rehearsal in the real repository, also under a copy of the real invitation', async () => {
    const rehearsed = await answer({ ...invitation, repository: rehearsal }, { device: { kind: 'file' } });
    expect(() => verify({ enrolment: rehearsed })).toThrowToolkit('CER_INVITATION_FOREIGN', { field: 'repository' });
    const replayed = { ...rehearsed, invitation };
    expect(() => verify({ enrolment: replayed })).toThrowToolkit('CER_PROOF', { repository: repository.id });
  });

  it('refuses an answer that comes too late', () => {
    expect(() => verify({ now: inDays(14) })).toThrowToolkit('CER_INVITATION_EXPIRED', { holder: 'alice' });
  });

  it('accepts a clock that is a day slow, and refuses one that is off by more', async () => {
    const made = (days: number) => answer(invitation, { now: inDays(days) });
    expect(verify({ enrolment: await made(-1), policy: lenient }).holder).toBe('alice');
    const early = await made(-1.1);
    expect(() => verify({ enrolment: early, policy: lenient })).toThrowToolkit('CER_ENROLMENT_TIME');
    const late = edited({ created: inDays(15) });
    expect(() => verify({ enrolment: late })).toThrowToolkit('CER_ENROLMENT_TIME');
  });

  it('refuses the key of another holder', async () => {
    const others = [otherKeyOf(await enrolled('bob', { signer }))];
    expect(() => verify({ others })).toThrowToolkit('CER_KEY_SHARED', { holder: 'alice', other: 'bob' });
    expect(verify({ others: others.map((key) => ({ ...key, holder: 'alice' })) }).holder).toBe('alice');
  });

  it('refuses somebody else’s key without the private half', () => {
    const stolen = edited({ publicKey: seededSigner('bob').publicKey });
    expect(() => verify({ enrolment: stolen })).toThrowToolkit('CER_PROOF');
  });

  it('refuses the attestation of another key, and what the policy does not allow', async () => {
    const other = await answer(invitation, { attestation: attest(seededSigner('bob').publicKey) });
    expect(() => verify({ enrolment: other })).toThrowToolkit('CER_ATTESTATION_FALSE', {
      rule: 'attested-key-matches',
    });
    const loose = await answer(invitation, { attestation: attest(signer.publicKey, { policy: [1, 1] }) });
    expect(() => verify({ enrolment: loose })).toThrowToolkit('CER_ATTESTATION_POLICY');
    expect(() => verify({ trust: {} })).toThrowToolkit('CER_ATTESTATION_FALSE', { rule: 'attestation-chain' });
  });
});

describe('verifyKeptEnrolment', () => {
  const place = { repository: repository.id, holder: 'alice', keys: 'all' } as const;
  const keep = (change: Partial<Parameters<typeof verifyKeptEnrolment>[0]> = {}) =>
    verifyKeptEnrolment({ enrolment, place, others: [], policy: strict, trust, ...change });

  it('accepts it years later, and says what a stricter policy has against it', () => {
    expect(keep().findings).toEqual([]);
    const policy = { ...strict, revokedSerials: ['13078778'] };
    expect(keep({ policy }).findings).toMatchObject([{ rule: 'serial-not-revoked' }]);
  });

  it.each([
    ['repository', { ...place, repository: rehearsal.id }],
    ['holder', { ...place, holder: 'bob' }],
    ['keys', { ...place, keys: 'targets' }],
  ] as const)('refuses it in the place of another %s', (field, elsewhere) => {
    expect(() => keep({ place: elsewhere })).toThrowToolkit('CER_INVITATION_FOREIGN', { field });
  });
});

/** Paths of all values. */
function leavesOf(value: Json, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, [...path, name]));
}

/** Puts in the place of one character its neighbour, so that the value mostly looks as good. */
function changed(value: Json, [name, ...rest]: readonly string[]): Json {
  if (name !== undefined) {
    const object = value as { readonly [key: string]: Json };
    return { ...object, [name]: changed(object[name] ?? null, rest) };
  }
  if (typeof value === 'boolean') return !value;
  const text = String(value);
  const place = Math.max(0, text.search(/[0-8](?=[^0-9]*$)|[a-e](?=[^a-e]*$)|.$/));
  return `${text.slice(0, place)}${String.fromCharCode(text.charCodeAt(place) + 1)}${text.slice(place + 1)}`;
}

describe('one changed character', () => {
  const document = JSON.parse(formatEnrolment(enrolment)) as Json;
  const paths = leavesOf(document).map((path) => [path.join('.'), path] as const);

  it.each(paths)('is refused in %s', (_, path) => {
    const text = `${JSON.stringify(changed(document, path), null, 2)}\n`;
    expect(text).not.toBe(formatEnrolment(enrolment));
    expect(() => verify({ enrolment: parseEnrolment(utf8(text)) })).toThrow(ToolkitError);
  });

  it('is looked for in every field', () => {
    expect(paths).toHaveLength(26);
  });
});

describe('parseEnrolment', () => {
  const text = formatEnrolment(enrolment);

  it.each([
    ['Windows line ends', text.replaceAll('\n', '\r\n')],
    ['Windows line ends in a key', text.replaceAll('\\n', '\\r\\n')],
    ['an unknown field', text.replace('  "proof"', '  "note": 1,\n  "proof"')],
    ['a missing field', text.replace(/ {2}"created".*\n(?= {2}"proof")/, '')],
    ['an invitation in its place', formatInvitation(invitation)],
    ['two certificates in one', text.replace(/("keyCertificate": ")(.*)"/, '$1$2$2"')],
    ['no key', text.replace(/("publicKey": ")[^"]*/, '$1-----BEGIN PUBLIC KEY-----\\n')],
    ['a private key', text.replaceAll(' PUBLIC KEY', ' PRIVATE KEY')],
  ])('refuses %s', (_, broken) => {
    expect(broken).not.toBe(text);
    expect(() => parseEnrolment(utf8(broken))).toThrowToolkit('CER_ENROLMENT');
  });
});
