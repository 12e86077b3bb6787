import { describe, expect, it } from '@jest/globals';
import { formatEnrolment, parseEnrolment } from '../../../ceremony/holders/enrolment.ts';
import { completeEnrolment, proofMessage, stateEnrolment } from '../../../ceremony/holders/proof.ts';
import { parseUtf8, toHex, utf8 } from '../../../src/core/bytes.ts';
import { sha256Hex, spkiOf } from '../../../src/core/digest.ts';
import { attest } from '../../support/attestations.ts';
import { freshSigner, inDays, now, seededSigner } from '../../support/root-of-trust.ts';
import { answer, invite, repository } from './sample.ts';

const signer = seededSigner('alice');
const invitation = invite('alice');
const attestation = attest(signer.publicKey);
const keyAttributes = {
  alwaysAuthenticate: true,
  sensitive: true,
  extractable: false,
  alwaysSensitive: true,
  neverExtractable: true,
  local: true,
};
const device = { serial: '13078778', kind: 'pkcs11', label: 'alice', model: 'YubiKey 5C' } as const;
const full = await answer(invitation, { attestation, keyAttributes, device });

describe('proofMessage', () => {
  const message = parseUtf8(proofMessage(full));

  it('says what it is, then each field with its length', () => {
    const spki = sha256Hex(spkiOf(signer.publicKey));
    const start = `sigstead-ceremony-pop/v1 5 32 ${repository.id} 5 alice 64 ${invitation.nonce} 64 ${spki} 64 `;
    expect(message.startsWith(start)).toBe(true);
    expect(message.slice(start.length)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is no JSON, so no metadata, and nothing else that a key signs', () => {
    expect(() => JSON.parse(message)).toThrow(SyntaxError);
    expect(message).not.toMatch(/^(DSSEv1 |-----BEGIN|[^\n]+\n\d+\n|\s|0)/);
  });

  it('changes with everything that the holder says', async () => {
    const others = [
      await answer(invite('alice'), { attestation, keyAttributes, device }),
      await answer(invitation, { attestation, keyAttributes, device: { ...device, serial: '1' } }),
      await answer(invitation, { attestation, keyAttributes: { ...keyAttributes, local: false }, device }),
      await answer(invitation, { keyAttributes, device }),
      await answer(invitation, { attestation, keyAttributes, device, now: inDays(1) }),
    ];
    const messages = [full, ...others].map((enrolment) => toHex(proofMessage(enrolment)));
    expect(new Set(messages).size).toBe(6);
  });
});

describe('enrol', () => {
  it('makes a document that reads back the same', () => {
    const text = formatEnrolment(full);
    expect(text.startsWith('{\n  "format": "sigstead-enrolment/v1",\n  "invitation": {\n')).toBe(true);
    expect(formatEnrolment(parseEnrolment(utf8(text)))).toBe(text);
    expect(full.keyAttributes).toEqual(keyAttributes);
    expect(full.device).toEqual(device);
  });

  it('says what kind of device it is where nobody does', async () => {
    expect((await answer(invitation)).device).toEqual({ kind: 'file' });
    const token = { ...signer, uri: 'pkcs11:token=alice' };
    expect((await answer(invitation, { signer: token })).device).toEqual({ kind: 'pkcs11' });
  });

  it('accepts Ed25519 keys', async () => {
    const enrolment = await answer(invitation, { signer: freshSigner('ed25519') });
    expect(enrolment.proof).toHaveLength(128);
  });

  it('writes certificates with Windows line ends in ours', async () => {
    const crlf = (pem: string): string => pem.replaceAll('\n', '\r\n');
    const windows = {
      keyCertificate: crlf(attestation.keyCertificate),
      deviceCertificate: crlf(attestation.deviceCertificate),
    };
    expect((await answer(invitation, { attestation: windows })).attestation).toEqual(attestation);
  });

  it('refuses a key that clients do not read', async () => {
    await expect(answer(invitation, { signer: freshSigner('ecdsa-p384-sha384') })).rejects.toThrowToolkit('TUF_KEY');
  });

  it('refuses an invitation that has expired', async () => {
    await expect(answer(invitation, { now: inDays(14) })).rejects.toThrowToolkit('CER_INVITATION_EXPIRED');
  });

  it('refuses a device that calls itself what nobody could read', async () => {
    await expect(answer(invitation, { device: { kind: 'file', label: 'a\u001b[2J' } })).rejects.toThrowToolkit(
      'CER_ENROLMENT',
    );
  });

  it('refuses a signer that has another key than it says', async () => {
    const liar = { ...signer, sign: seededSigner('bob').sign };
    await expect(answer(invitation, { signer: liar })).rejects.toThrowToolkit('CER_PROOF');
  });
});

describe('completeEnrolment', () => {
  const statement = stateEnrolment({ invitation, publicKey: signer.publicKey, device: { kind: 'file' }, created: now });

  it('accepts a signature that was made elsewhere', async () => {
    const enrolment = completeEnrolment(statement, await signer.sign(proofMessage(statement)));
    expect(enrolment.invitation).toEqual(invitation);
  });

  it('refuses the signature over another statement', async () => {
    const other = { ...statement, created: inDays(1) };
    const signature = await signer.sign(proofMessage(other));
    expect(() => completeEnrolment(statement, signature)).toThrowToolkit('CER_PROOF', { holder: 'alice' });
  });

  it('refuses a signature over metadata', async () => {
    const signature = await signer.sign(utf8('{"_type":"root"}'));
    expect(() => completeEnrolment(statement, signature)).toThrowToolkit('CER_PROOF');
  });
});
