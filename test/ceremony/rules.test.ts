import { describe, expect, it } from '@jest/globals';
import { lintPlan } from '../../ceremony/lint.ts';
import { type Plan, parsePayloads, planGenesis, planRenewal, planSnapshot } from '../../ceremony/plan.ts';
import { planRules } from '../../ceremony/rules/index.ts';
import { wellFormed } from '../../ceremony/rules/well-formed.ts';
import type { Intent } from '../../src/config/intent.ts';
import { formatInstant } from '../../src/core/clock.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { keyId, tufKey } from '../../src/tuf/key.ts';
import type { RoleName } from '../../src/tuf/layout.ts';
import { readRepository } from '../../src/tuf/repository.ts';
import {
  freshSigner,
  holderIds,
  inDays,
  now,
  online,
  publishedRepository,
  readerOf,
  rootPolicy,
  seededSigner,
  targets,
} from '../support/root-of-trust.ts';
import { announcedRevocation, compliantEvents, eventViolations } from './event-rule-cases.ts';

const { store, pinnedRoot } = await publishedRepository();
const current = await readRepository({ read: readerOf(store), pinnedRoot });
const policy = rootPolicy();
const holders = new Map(holderIds.map((id) => [id as string, seededSigner(id).publicKey]));
const genesis = planGenesis({ policy, holders, online: online.publicKey, targets, now });
const renewal = planRenewal({ policy, now, current, roles: ['root', 'targets'], targetsVersion: 2 });
const snapshot = planSnapshot({ policy, now, current, root: current.root, version: 2, targetsVersion: 1 });

const ruleIds = [wellFormed, ...planRules].map(({ id }) => id);
/** The first needs what real servers signed: test/e2e/stored-bundles.test.ts. */
const testedElsewhere = ['stored-bundles', 'trust-files-present'];
const findings = (id: string, plan: Plan): readonly string[] =>
  lintPlan(plan)
    .filter(({ rule }) => rule === id)
    .map(({ where, message }) => `${where}: ${message}`);

function change(plan: Plan, role: RoleName, edit: (signed: JsonObject) => Readonly<Record<string, Json>>): Plan {
  const payloads = plan.payloads.map((payload) =>
    payload.role === role ? { ...payload, signed: { ...payload.signed, ...edit(payload.signed) } } : payload,
  );
  return { ...plan, payloads };
}

const changeRole = (role: RoleName, edit: JsonObject): Plan =>
  change(genesis, 'root', ({ roles }) => {
    const listed = roles as Readonly<Record<string, JsonObject>>;
    return { roles: { ...listed, [role]: { ...listed[role], ...edit } } };
  });

/** Lists one more key in the root, under an id of our choice. */
const addKey = (key: JsonObject, keyid: string = keyId(key)): Plan =>
  change(genesis, 'root', ({ keys }) => ({ keys: { ...(keys as JsonObject), [keyid]: key } }));

const alice = tufKey(seededSigner('alice').publicKey);
const bobs = keyId(tufKey(seededSigner('bob').publicKey));
const carols = keyId(tufKey(seededSigner('carol').publicKey));
const dave = { ...tufKey(seededSigner('dave').publicKey) };
const p384 = freshSigner('ecdsa-p384-sha384').publicKey.export({ type: 'spki', format: 'pem' }).toString();
const p384Key = { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp384', keyval: { public: p384 } };
const claim = { length: 1, hashes: { sha256: '0'.repeat(64) } };

const violations: readonly [string, string, Plan, RegExp][] = [
  [
    'well-formed',
    'a time with milliseconds',
    change(genesis, 'root', () => ({ expires: now.toISOString() })),
    /time like/,
  ],
  ['well-formed', 'text outside ASCII', change(genesis, 'targets', () => ({ 'x-note': 'ü' })), /ASCII/],
  ['well-formed', 'a timestamp too big', change(genesis, 'root', () => ({ x: 'x'.repeat(512_000) })), /512000 bytes/],
  [
    'version-increments',
    'a first root of version 2',
    change(genesis, 'root', () => ({ version: 2 })),
    /expected 1, got 2/,
  ],
  ['version-increments', 'a root that skips one', change(renewal, 'root', () => ({ version: 3 })), /expected 2, got 3/],
  [
    'version-increments',
    'targets of the published version',
    change(renewal, 'targets', () => ({ version: 1 })),
    /2 to 1002/,
  ],
  [
    'expiry-within-policy',
    'a root for longer than the policy allows',
    change(genesis, 'root', () => ({ expires: formatInstant(inDays(181)) })),
    /root: expires: expected .* by 2027-05-21/,
  ],
  [
    'expiry-within-policy',
    'targets that have expired',
    change(genesis, 'targets', () => ({ expires: formatInstant(now) })),
    /targets: expires/,
  ],
  [
    'holders-complete',
    'a threshold that is not the policy’s',
    changeRole('root', { threshold: 2 }),
    /roles.root.threshold: expected 3, got 2/,
  ],
  [
    'holders-complete',
    'a holder missing',
    changeRole('targets', { keyids: [bobs, carols] }),
    /roles.targets.keyids: expected 5 holders' keys, got 2/,
  ],
  [
    'threshold-feasible',
    'a threshold above the keys',
    changeRole('targets', { threshold: 6 }),
    /roles.targets.threshold: expected at most 5/,
  ],
  [
    'threshold-feasible',
    'two online signatures by one key',
    changeRole('timestamp', { threshold: 2 }),
    /roles.timestamp.threshold: expected at most 1/,
  ],
  [
    'distinct-keys',
    'one key under two ids',
    addKey({ ...alice, 'x-owner': 'mallory' }),
    /keys\.[0-9a-f]{64}: expected a key of its own/,
  ],
  [
    'online-key-apart',
    'a holder’s key that is online',
    changeRole('snapshot', { keyids: [bobs] }),
    /roles.snapshot: expected a key of its own/,
  ],
  ['accepted-key-types', 'a P-384 key', addKey(p384Key), /got ecdsa ecdsa-sha2-nistp384/],
  [
    'accepted-key-types',
    'the old name of the key type',
    addKey({ ...dave, keytype: 'ecdsa-sha2-nistp256' }),
    /got ecdsa-sha2-nistp256/,
  ],
  [
    'derived-key-ids',
    'an id that is not the key’s digest',
    addKey({ ...dave, 'x-uri': 'edited' }, 'a'.repeat(64)),
    /expected the id [0-9a-f]{64}, got aaaa/,
  ],
  [
    'consistent-snapshot',
    'none',
    change(genesis, 'root', () => ({ consistent_snapshot: false })),
    /expected true, got false/,
  ],
  [
    'plain-target-names',
    'a target in a directory',
    change(genesis, 'targets', () => ({ targets: { 'a/b.json': claim } })),
    /targets.a\/b.json/,
  ],
  [
    'sha256-only',
    'a second hash',
    change(genesis, 'targets', () => ({ targets: { x: { ...claim, hashes: { ...claim.hashes, sha512: 'aa' } } } })),
    /targets.x.hashes: expected sha256 alone/,
  ],
  [
    'snapshot-keeps-files',
    'a file forgotten',
    change(snapshot, 'snapshot', () => ({ meta: {} })),
    /meta.targets.json: expected version 1 or more, got none/,
  ],
];

describe('lintPlan', () => {
  it.each([...violations, ...eventViolations])('%s refuses %s', (id, _, plan, message) => {
    expect(findings(id, plan)).toEqual([expect.stringMatching(message)]);
  });

  it.each(ruleIds.filter((id) => id !== 'trust-files-present'))('%s accepts plans of every kind that comply', (id) => {
    for (const plan of [genesis, renewal, snapshot, ...compliantEvents]) expect(findings(id, plan)).toEqual([]);
  });

  it('trust-kept accepts what an intent says that it revokes', () => {
    expect(findings('trust-kept', announcedRevocation)).toEqual([]);
  });

  it('trust-files-present warns of targets without them, and accepts both', () => {
    const announced = { changesTargets: true } as Intent;
    const missing = (names: readonly string[]) => {
      const listed = new Map(names.map((name) => [name, new Uint8Array()]));
      const plan = planGenesis({ policy, holders, online: online.publicKey, targets: listed, now });
      return findings('trust-files-present', { ...plan, announced });
    };
    expect(missing(['trusted_root.json', 'signing_config.v0.2.json'])).toEqual([]);
    expect(missing(['note.txt'])).toEqual([
      'targets: expected trusted_root.json, got none',
      'targets: expected signing_config.v0.2.json, got none',
    ]);
  });

  it('version-increments refuses a version that leaves none above it', () => {
    const absurd = change(renewal, 'targets', () => ({ version: 9_007_199_254_740_991 }));
    expect(findings('version-increments', absurd)).toEqual([expect.stringMatching(/2 to 1002, got 9007/)]);
  });

  it('has a violating case for every rule', () => {
    expect(new Set([...violations, ...eventViolations].map(([id]) => id))).toEqual(
      new Set(ruleIds.filter((id) => !testedElsewhere.includes(id))),
    );
  });

  it('does not take a rule for passed where it has nothing to look at', () => {
    const silent = planRules
      .filter((rule) => rule.check(parsePayloads(snapshot)) === 'not-applicable')
      .map(({ id }) => id);
    expect(silent).toContain('distinct-keys');
    expect(silent).not.toContain('snapshot-keeps-files');
  });
});
