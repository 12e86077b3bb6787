import { describe, expect, it } from '@jest/globals';
import { LoginStore } from '../../../local/identity-provider/login-store.ts';

describe('LoginStore', () => {
  it('finds what was put, by id, user code and uid, in its own model alone', async () => {
    const store = new LoginStore();
    const codes = store.adapter('DeviceCode');
    await codes.upsert('1', { userCode: 'ABCD' }, 60);
    await store.adapter('Session').upsert('1', { uid: 'u' }, 60);
    expect(await codes.find('1')).toEqual({ userCode: 'ABCD' });
    expect(await codes.findByUserCode('ABCD')).toEqual({ userCode: 'ABCD' });
    expect(await store.adapter('Session').findByUid('u')).toEqual({ uid: 'u' });
    expect(await codes.findByUid('u')).toBeUndefined();
    await codes.destroy('1');
    expect(await codes.find('1')).toBeUndefined();
  });

  it('forgets what expired, a minute after the provider has been able to say so', async () => {
    let now = 0;
    const store = new LoginStore({ now: () => now });
    const codes = store.adapter('DeviceCode');
    await codes.upsert('1', { userCode: 'ABCD' }, 60);
    now = 119_999;
    expect(await codes.find('1')).toBeDefined();
    now = 120_000;
    expect(await codes.find('1')).toBeUndefined();
    expect(await codes.findByUserCode('ABCD')).toBeUndefined();
  });

  it('refuses to consume twice, and what is gone', async () => {
    const codes = new LoginStore().adapter('AuthorizationCode');
    await codes.upsert('1', {}, 60);
    await codes.consume('1');
    await expect(codes.consume('1')).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(codes.consume('2')).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('revokes everything of a grant', async () => {
    const store = new LoginStore();
    await store.adapter('AuthorizationCode').upsert('1', { grantId: 'g' }, 60);
    await store.adapter('AccessToken').upsert('2', { grantId: 'g' }, 60);
    await store.adapter('AccessToken').upsert('3', { grantId: 'h' }, 60);
    await store.adapter('AccessToken').revokeByGrantId('g');
    expect(store.size).toBe(1);
  });

  it('stays bounded: what expired goes first, then the oldest', async () => {
    let now = 0;
    const store = new LoginStore({ maxEntries: 3, now: () => now });
    const entries = store.adapter('Interaction');
    await entries.upsert('old', {}, 600);
    await entries.upsert('short', {}, 1);
    await entries.upsert('new', {}, 600);
    now = 62_000;
    await entries.upsert('a', {}, 600);
    expect([await entries.find('old'), await entries.find('short')]).toEqual([{}, undefined]);
    await entries.upsert('b', {}, 600);
    expect(await entries.find('old')).toBeUndefined();
    expect(store.size).toBe(3);
  });
});
