import { describe, expect, it } from '@jest/globals';
import { lintPlan } from '../../ceremony/lint.ts';
import { type Plan, planEvent, planRenewal } from '../../ceremony/plan.ts';
import { parseIntent } from '../../src/config/intent.ts';
import { formatInstant } from '../../src/core/clock.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { keyId, tufKey } from '../../src/tuf/key.ts';
import { parseMetadata } from '../../src/tuf/metadata.ts';
import { readRepository } from '../../src/tuf/repository.ts';
import { delegationOf } from '../support/delegated-role.ts';
import {
  forge,
  holderIds,
  holders,
  inDays,
  now,
  publishedRepository,
  readerOf,
  rootPolicy,
  seededSigner,
} from '../support/root-of-trust.ts';

const { store, pinnedRoot } = await publishedRepository();
const published = await readRepository({ read: readerOf(store), pinnedRoot });
const policy = rootPolicy();
const quorum = [...holders('alice', 'bob', 'carol').values()];

/** As a repository that others made may be: old key types, ids of their own, more hashes, other names. */
const claim = { length: 1, hashes: { sha256: '0'.repeat(64), sha512: 'aa' } };
const oldKey = { ...tufKey(seededSigner('alice').publicKey), keytype: 'ecdsa-sha2-nistp256' };
const alice = keyId(tufKey(seededSigner('alice').publicKey));
const root = parseMetadata(
  await forge(
    pinnedRoot,
    'root',
    { keys: { ...(published.root.signed['keys'] as JsonObject), [alice]: oldKey } },
    quorum,
  ),
  'root',
);
const npmKey = tufKey(seededSigner('npm').publicKey);
const delegations = { keys: { [keyId(npmKey)]: npmKey }, roles: [delegationOf({}), delegationOf({ name: 'pypi' })] };
const oddTargets = { targets: { 'a/b.json': claim }, delegations };
const targets = parseMetadata(await forge(published.targets.bytes, 'targets', oddTargets, quorum), 'targets');
const current = { ...published, root, targets };
const renewal = planRenewal({ policy, now, current, roles: ['root', 'targets'], targetsVersion: 2 });

const change = (role: 'root' | 'targets', edit: JsonObject): Plan => ({
  ...renewal,
  announced: parseIntent('kind: renew\nreason: in time\n', 'intent.yaml'),
  payloads: renewal.payloads.map((payload) =>
    payload.role === role ? { ...payload, signed: { ...payload.signed, ...edit } } : payload,
  ),
});
const unannounced = ({ announced: _, ...plan }: Plan): Plan => plan;
const findings = (plan: Plan) => lintPlan(plan).map(({ rule, where }) => `${rule}: ${where}`);
const bobs = keyId(tufKey(seededSigner('bob').publicKey));
const bobsOldKey = { ...tufKey(seededSigner('bob').publicKey), keytype: 'ecdsa-sha2-nistp256' };

describe('lintPlan of what is in force already', () => {
  it('accepts it in a renewal, whatever others made', () => {
    expect(findings(renewal)).toEqual([]);
    expect(findings(change('targets', {}))).toEqual([]);
  });

  it('refuses the same where it is new', () => {
    const keys = { ...(root.signed['keys'] as JsonObject), [bobs]: bobsOldKey };
    expect(findings(change('root', { keys }))).toEqual([
      `accepted-key-types: keys.${bobs}`,
      `derived-key-ids: keys.${bobs}`,
    ]);
    const more = { targets: { 'a/b.json': claim, 'c/d.json': claim } };
    expect(findings(unannounced(change('targets', more)))).toEqual([
      'plain-target-names: targets.c/d.json',
      'sha256-only: targets.c/d.json.hashes',
    ]);
    const other = { targets: { 'a/b.json': { ...claim, hashes: { ...claim.hashes, sha256: '1'.repeat(64) } } } };
    expect(findings(unannounced(change('targets', other)))).toEqual(['sha256-only: targets.a/b.json.hashes']);
  });

  it.each<readonly [string, JsonObject, string]>([
    [
      'what others say of a target',
      { targets: { 'a/b.json': { ...claim, custom: { theirs: 1 } } } },
      'targets.a/b.json',
    ],
    ['a field of others', { 'x-theirs': 1 }, 'targets: x-theirs'],
  ])('refuses another value of %s, which nobody announced', (_, edited, where) => {
    expect(findings(change('targets', edited))).toEqual([`announced-targets: ${where}`]);
  });

  it.each<readonly [string, JsonObject, string]>([
    ['goes', { ...delegations, roles: [delegationOf({ name: 'pypi' })] }, 'npm'],
    ['comes', { ...delegations, roles: [...delegations.roles, delegationOf({ name: 'more' })] }, 'more'],
    ['changes', { ...delegations, roles: [delegationOf({ terminating: false }), delegations.roles[1] ?? {}] }, 'npm'],
    ['moves', { ...delegations, roles: [...delegations.roles].reverse() }, 'pypi'],
  ])('refuses a delegated role that %s unannounced', (_, edited, role) => {
    expect(findings(change('targets', { delegations: edited }))).toContain(
      `announced-delegations: delegations.${role}`,
    );
  });
});

describe('planEvent', () => {
  it('keeps what others wrote into root and targets, to the bit', () => {
    const listed = new Map(published.targetFiles);
    const foreign = { spec_version: '1.0', 'x-theirs': { a: 1 }, expires: formatInstant(inDays(1)) };
    const before = {
      ...published,
      targets: { ...published.targets, signed: { ...published.targets.signed, ...foreign } },
    };
    const plan = planEvent({
      intent: parseIntent('kind: renew\nreason: in time\nroles: [targets]\n', 'intent.yaml'),
      policy,
      now,
      current: before,
      keys: { holders: new Map(holderIds.map((id) => [id as string, seededSigner(id).publicKey])) },
      targets: listed,
      targetsVersion: 2,
    });
    expect(plan.payloads.map(({ signed }) => signed)).toEqual([
      { ...before.targets.signed, version: 2, expires: formatInstant(inDays(90)) },
    ]);
  });
});
