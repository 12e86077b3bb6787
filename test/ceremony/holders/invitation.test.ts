import { describe, expect, it } from '@jest/globals';
import { formatInvitation, parseInvitation } from '../../../ceremony/holders/invitation.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { inDays, now } from '../../support/root-of-trust.ts';
import { invite, repository } from './sample.ts';

const invitation = invite('alice', { holder: { id: 'alice', name: 'Älice Example' } });
const text = formatInvitation(invitation);
const parse = (edited: string) => () => parseInvitation(utf8(edited));

describe('makeInvitation', () => {
  it('asks one person for one key, with a nonce of its own', () => {
    expect(invitation).toMatchObject({ repository, keys: 'all', created: now, expires: inDays(14) });
    expect(invitation.nonce).toMatch(/^[0-9a-f]{64}$/);
    expect(invite('alice').nonce).not.toBe(invite('alice').nonce);
  });

  it.each([0, -1, 1.5, 91, Number.NaN])('refuses one that is valid for %d days', (validDays) => {
    expect(() => invite('alice', { validDays })).toThrowToolkit('CER_INVITATION_PERIOD');
  });

  it.each(['', 'Alice', '-a', 'a-', '../bob', 'a'.repeat(33)])('refuses the holder id %j', (id) => {
    expect(() => invite('alice', { holder: { id, name: 'x' } })).toThrowToolkit('CER_INVITATION');
  });

  it.each(['', ' x', 'x\ny', 'x\u001b[31m', 'x\u202ey', 'x'.repeat(65)])('refuses the name %j', (name) => {
    expect(() => invite('alice', { holder: { id: 'alice', name } })).toThrowToolkit('CER_INVITATION');
  });

  it('refuses a repository without an id', () => {
    expect(() => invite('alice', { repository: { id: 'acme', name: 'acme' } })).toThrowToolkit('CER_INVITATION');
  });
});

describe('parseInvitation', () => {
  it('reads what was written', () => {
    expect(text.startsWith('{\n  "format": "sigstead-invitation/v1",\n')).toBe(true);
    expect(parseInvitation(utf8(text))).toEqual(invitation);
  });

  it.each([
    ['Windows line ends', text.replaceAll('\n', '\r\n')],
    ['no line end', text.trimEnd()],
    ['a byte order mark', `\ufeff${text}`],
    ['an unknown field', text.replace('"keys"', '"note": "x",\n  "keys"')],
    ['a field twice', text.replace('"keys": "all",', '"keys": "targets",\n  "keys": "all",')],
    ['another order', text.replace(/( {2}"keys".*\n)( {2}"nonce".*\n)/, '$2$1')],
    ['an escape', text.replace('alice', '\\u0061lice')],
    ['another format', text.replace('invitation/v1', 'invitation/v2')],
    ['a missing field', text.replace(/ {2}"keys".*\n/, '')],
    ['another scope', text.replace('"all"', '"root"')],
    ['a short nonce', text.replace(invitation.nonce, invitation.nonce.slice(2))],
    ['a time with milliseconds', text.replace('10:00:00Z', '10:00:00.000Z')],
  ])('refuses %s', (_, edited) => {
    expect(() => parse(edited)()).toThrow(expect.objectContaining({ fault: 'input' }));
    expect(edited).not.toBe(text);
  });

  it('names what is wrong', () => {
    expect(parse(text.replaceAll('\n', '\r\n'))).toThrowToolkit('CER_INVITATION', { what: 'invitation' });
    expect(parse('x'.repeat(70_000))).toThrowToolkit('CORE_TOO_LARGE');
  });
});
