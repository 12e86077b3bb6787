import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { acceptEnrolment, readOpenInvitation, writeInvitation } from '../../../ceremony/holders/accept.ts';
import { formatEnrolment } from '../../../ceremony/holders/enrolment.ts';
import { formatInvitation, type KeyScope } from '../../../ceremony/holders/invitation.ts';
import { readHolderKeys } from '../../../ceremony/holders/key-directory.ts';
import type { EnrolOptions } from '../../../ceremony/holders/proof.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { attest } from '../../support/attestations.ts';
import { inDays, now, seededSigner } from '../../support/root-of-trust.ts';
import { answer, invite, lenient, rehearsal, repository, strict, trust } from './sample.ts';

const base = await mkdtemp(join(tmpdir(), 'sigstead-holders-'));
let directory = base;

beforeEach(async () => {
  directory = await mkdtemp(join(base, 'root-signing-'));
});
afterAll(async () => await rm(base, { recursive: true, force: true }));

const options = { repository: repository.id, policy: lenient, trust };
const read = (change: Partial<typeof options> = {}) => readHolderKeys(directory, { ...options, ...change });
const accept = (text: string, change: object = {}) =>
  acceptEnrolment(directory, utf8(text), { ...options, now, ...change });
const file = (path: string): string => join(directory, 'keyholders', path);
const text = async (path: string): Promise<string> => await readFile(file(path), 'utf8');

/** Invites a holder and returns the answer as it is sent. */
async function answered(id: string, change: Partial<EnrolOptions> = {}, keys: KeyScope = 'all'): Promise<string> {
  const invitation = invite(id, { keys });
  await writeInvitation(directory, invitation);
  return formatEnrolment(await answer(invitation, change));
}

const withDevice = (id: string, signer = seededSigner(id)) => ({ signer, attestation: attest(signer.publicKey) });

describe('acceptEnrolment', () => {
  it('keeps the enrolment, copies for people, and no invitation', async () => {
    const sent = await answered('alice', withDevice('alice'));
    const { enrolled, replaced } = await accept(sent, { policy: strict });
    expect([enrolled.holder, replaced]).toEqual(['alice', undefined]);
    expect((await readdir(file('alice'), { recursive: true })).sort()).toEqual([
      'attestation',
      'attestation/device_cert.pem',
      'attestation/key_cert.pem',
      'key.json',
      'pub.pem',
    ]);
    expect(await text('alice/key.json')).toBe(sent);
    expect(await text('alice/pub.pem')).toContain('BEGIN PUBLIC KEY');
    expect((await read()).get('alice')?.main?.keyid).toBe(enrolled.keyid);
  });

  it('keeps a key for targets beside the main one', async () => {
    await accept(await answered('alice'));
    await accept(await answered('alice', { signer: seededSigner('alice targets') }, 'targets'));
    const keys = (await read()).get('alice');
    expect(keys?.main?.keyid).not.toBe(keys?.targets?.keyid);
    expect((await readdir(file('alice'))).sort()).toEqual([
      'key.json',
      'pub.pem',
      'targets-key.json',
      'targets-pub.pem',
    ]);
  });

  it('refuses what nobody invited, also to replace a key', async () => {
    const uninvited = formatEnrolment(await answer(invite('alice')));
    await expect(accept(uninvited)).rejects.toThrowToolkit('CER_INVITATION_MISSING', { holder: 'alice' });
    const sent = await answered('alice');
    await accept(sent);
    await expect(accept(sent)).rejects.toThrowToolkit('CER_INVITATION_MISSING');
    await expect(accept(uninvited)).rejects.toThrowToolkit('CER_INVITATION_MISSING');
    expect(await text('alice/key.json')).toBe(sent);
  });

  it('puts away the enrolment of a key that is replaced, with its copies', async () => {
    const before = await answered('alice', withDevice('alice'));
    const old = await accept(before);
    const { enrolled, replaced } = await accept(await answered('alice', { signer: seededSigner('alice 2') }));
    expect(replaced?.keyid).toBe(old.enrolled.keyid);
    expect(await text(`alice/former/${old.enrolled.keyid.slice(0, 8)}.json`)).toBe(before);
    expect(await readdir(file('alice/attestation'))).toEqual([]);
    expect((await read()).get('alice')?.main?.keyid).toBe(enrolled.keyid);
  });

  it('refuses a key that was replaced, whoever brings it back', async () => {
    const { enrolled } = await accept(await answered('alice'));
    await accept(await answered('alice', { signer: seededSigner('alice 2') }));
    const again = { signer: seededSigner('alice') };
    await expect(accept(await answered('alice', again))).rejects.toThrowToolkit('CER_KEY_FORMER', { holder: 'alice' });
    await expect(accept(await answered('bob', again))).rejects.toThrowToolkit('CER_KEY_FORMER', {
      path: file(`alice/former/${enrolled.keyid.slice(0, 8)}.json`),
    });
  });

  it('accepts a new attestation of the same key', async () => {
    await accept(await answered('alice'));
    const { replaced } = await accept(await answered('alice', withDevice('alice')));
    expect(replaced).toBeUndefined();
    expect((await readdir(file('alice'))).sort()).toEqual(['attestation', 'key.json', 'pub.pem']);
  });

  it('completes what a crash interrupted', async () => {
    const sent = await answered('alice', withDevice('alice'));
    const invitation = await text('alice/invitation.json');
    await accept(sent);
    await rm(file('alice/pub.pem'));
    await writeFile(file('alice/invitation.json'), invitation);
    await accept(sent);
    expect((await readdir(file('alice'))).sort()).toEqual(['attestation', 'key.json', 'pub.pem']);
  });

  it('refuses a second answer to an invitation that came back', async () => {
    const invitation = invite('alice');
    await writeInvitation(directory, invitation);
    await accept(formatEnrolment(await answer(invitation)));
    await writeFile(file('alice/invitation.json'), formatInvitation(invitation));
    const second = formatEnrolment(await answer(invitation, { signer: seededSigner('mallory') }));
    await expect(accept(second)).rejects.toThrowToolkit('CER_INVITATION_USED', { nonce: invitation.nonce });
  });

  it('refuses two holders with one key, or one device', async () => {
    await accept(await answered('alice', withDevice('alice')));
    const same = await answered('bob', { signer: seededSigner('alice') });
    await expect(accept(same)).rejects.toThrowToolkit('CER_KEY_SHARED', { holder: 'bob', other: 'alice' });
    await rm(file('bob'), { recursive: true });
    const sameDevice = await answered('bob', withDevice('bob'));
    await expect(accept(sameDevice)).rejects.toThrowToolkit('CER_ATTESTATION_POLICY', {
      findings: [expect.objectContaining({ rule: 'serial-unique' })],
    });
  });

  it('refuses a late answer', async () => {
    const sent = await answered('alice');
    await expect(accept(sent, { now: inDays(15) })).rejects.toThrowToolkit('CER_INVITATION_EXPIRED');
  });
});

describe('writeInvitation', () => {
  it('keeps one invitation for each kind of key', async () => {
    const invitation = invite('alice');
    expect(await writeInvitation(directory, invitation)).toBe(file('alice/invitation.json'));
    expect(await writeInvitation(directory, invite('alice', { keys: 'targets' }))).toBe(
      file('alice/targets-invitation.json'),
    );
    expect(await readOpenInvitation(directory, 'alice', 'all')).toEqual(invitation);
  });

  it('refuses a second one until the first has expired', async () => {
    await writeInvitation(directory, invite('alice'));
    await expect(writeInvitation(directory, invite('alice'))).rejects.toThrowToolkit('CER_INVITATION_OPEN');
    const later = invite('alice', { now: inDays(14) });
    await writeInvitation(directory, later);
    expect(await readOpenInvitation(directory, 'alice', 'all')).toEqual(later);
  });
});

describe('readHolderKeys', () => {
  it('reads nothing where nobody was invited, and holders who have not answered', async () => {
    expect(await read()).toEqual(new Map());
    await writeInvitation(directory, invite('alice'));
    expect(await read()).toEqual(new Map([['alice', {}]]));
  });

  it('refuses an edited enrolment', async () => {
    const sent = await answered('alice', { device: { kind: 'file', serial: 'S-777' } });
    await accept(sent);
    await writeFile(file('alice/key.json'), sent.replace('S-777', 'S-778'));
    await expect(read()).rejects.toThrowToolkit('CER_PROOF', { holder: 'alice' });
    await writeFile(file('alice/key.json'), sent.replaceAll('\n', '\r\n'));
    await expect(read()).rejects.toThrowToolkit('CER_ENROLMENT', { what: file('alice/key.json') });
  });

  it('refuses an enrolment in the place of another, or of another repository', async () => {
    const sent = await answered('alice');
    await accept(sent);
    await expect(read({ repository: rehearsal.id })).rejects.toThrowToolkit('CER_INVITATION_FOREIGN');
    await mkdir(file('bob'));
    await writeFile(file('bob/key.json'), sent);
    await expect(read()).rejects.toThrowToolkit('CER_INVITATION_FOREIGN', { field: 'holder' });
  });

  it('refuses a copy that is none, and does without one', async () => {
    await accept(await answered('alice', withDevice('alice')));
    const other = seededSigner('mallory').publicKey.export({ type: 'spki', format: 'pem' });
    await writeFile(file('alice/pub.pem'), other);
    await expect(read()).rejects.toThrowToolkit('CER_ENROLMENT_COPY', { path: file('alice/pub.pem') });
    await rm(file('alice/pub.pem'));
    expect((await read()).get('alice')?.main?.attested?.serial).toBe('13078778');
  });

  it('says what a policy that became stricter has against a key', async () => {
    await accept(await answered('alice', withDevice('alice')));
    const keys = await read({ policy: { ...strict, revokedSerials: ['13078778'] } });
    expect(keys.get('alice')?.main?.findings).toMatchObject([{ rule: 'serial-not-revoked' }]);
    await expect(read({ trust: { roots: [], intermediates: [] } })).rejects.toThrowToolkit('CER_ATTESTATION_FALSE');
  });

  it('refuses directories that are no holder’s, and takes files for what they are', async () => {
    await mkdir(file('alice'), { recursive: true });
    await writeFile(file('README.md'), 'who is who');
    expect([...(await read()).keys()]).toEqual(['alice']);
    await symlink(file('alice'), file('bob'));
    await expect(read()).rejects.toThrowToolkit('CER_HOLDER_DIRECTORY', { path: file('bob') });
    await rm(file('bob'));
    await mkdir(file('Bob'));
    await expect(read()).rejects.toThrowToolkit('CER_HOLDER_DIRECTORY');
  });
});
