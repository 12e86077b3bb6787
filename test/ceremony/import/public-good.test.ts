import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { digestLine, openEvent, packetOf } from '../../../ceremony/event/event.ts';
import { planNewEvent } from '../../../ceremony/event/plan-event.ts';
import { type Import, importRepository } from '../../../ceremony/import/import-repository.ts';
import { lintPlan } from '../../../ceremony/lint.ts';
import { pinOf } from '../../../ceremony/pinned-root.ts';
import { reviewPacket } from '../../../ceremony/review/review.ts';
import { screenOf } from '../../../ceremony/review/screen.ts';
import { RootSigningLayout } from '../../../ceremony/root-signing/layout.ts';
import { openRootSigning } from '../../../ceremony/root-signing/open.ts';
import { parseIntent } from '../../../src/config/intent.ts';
import { parseRootPolicy } from '../../../src/config/root-policy.ts';
import { createFile } from '../../../src/core/files.ts';
import { canonicalize } from '../../../src/tuf/canonical-json.ts';
import { fixtures } from '../../support/tarball.ts';

const source = `${fixtures}public-good-root.tar.gz`;
const title = 'importRepository of the public instance';
const present = existsSync(source);

/** While the fixture’s root and timestamp are valid. */
const now = new Date('2026-08-22T10:00:00Z');
const owners = ['mnm678', 'santiagotorres', 'bobcallaway', 'joshuagl', 'lance'];

(present ? describe : describe.skip)(present ? title : `SKIPPED, ../shared/fixtures is absent: ${title}`, () => {
  let layout: RootSigningLayout;
  let result: Import;
  /** The one role that it delegates to. */
  let delegated: string;
  beforeAll(async () => {
    layout = new RootSigningLayout(await mkdtemp(join(tmpdir(), 'sigstead-import-')));
    result = await importRepository({ layout, source, name: 'public-good', now });
    [delegated = ''] = result.imported.delegated.keys();
  });
  afterAll(async () => await rm(layout.directory, { recursive: true, force: true }));

  const renewal = async (name: string) => {
    const intent = parseIntent('kind: renew\nreason: half a year is over\n', 'intent.yaml');
    return await planNewEvent({ rootSigning: await openRootSigning(layout), intent, name, now, rehearsal: false });
  };

  it('accepts it from root v5, and keeps every file', async () => {
    const { recorded, identity, targets } = await openRootSigning(layout);
    expect(identity).toMatchObject({ name: 'public-good', firstRoot: 5 });
    expect(recorded?.versions).toEqual({ root: 15, targets: 14, snapshot: 165, timestamp: 762 });
    expect(recorded?.roots.map(({ version }) => version)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    expect([recorded?.targetFiles.size, targets.size]).toEqual([11, 11]);
    for (const file of ['root_history/1.root.json', `${delegated}.json`]) {
      expect((await readFile(join(layout.metadata, file))).length).toBeGreaterThan(100);
    }
    expect(await readFile(join(layout.directory, '.gitattributes'), 'utf8')).toBe('* -text\n');
  });

  it('says what is odd about it', () => {
    expect(result.imported.notes).toEqual([
      expect.stringMatching(/^roots v1 to v4 cannot be verified by strict clients, who start from v5 \(v4: /),
      'root v11: key id 7247f0db is not the digest of its key; tough stops there',
      'root v12: 2 of 5 signatures are empty',
      'root v13: 1 of 6 signatures are empty',
      'root v14: 1 of 5 signatures are empty',
      'snapshot lists rekor.json, revocation.json, root.json, staging.json, which no role is; what was listed stays listed (TUF §5.5.5)',
      expect.stringMatching(/^targets v14: expires at 2036-05-09T09:00:52Z, in 354\d days/),
      expect.stringMatching(/^snapshot v165: expires at 2036-05-15T08:09:16Z/),
      `${delegated}/* is delegated to ${delegated}, 1 of 1 of its own keys`,
      `${delegated}: the source does not have ${delegated}/keys.json`,
    ]);
  });

  it('writes a policy that asks for what it is', async () => {
    const policy = parseRootPolicy(await readFile(layout.policy, 'utf8'), layout.policy);
    expect(policy).toMatchObject({
      holders: owners.map((id) => ({ id, name: id })),
      root: { threshold: 3, holders: owners, expiryDays: 197, resignDays: 46 },
      targets: { threshold: 3, holders: owners, expiryDays: 3650, resignDays: 31 },
      snapshot: { expiryDays: 3650, resignDays: 365 },
      timestamp: { expiryDays: 7, resignDays: 6 },
      ceremony: { tolerance: 2 },
    });
  });

  it('plans a renewal that changes version and expiry, and not a bit more', async () => {
    const event = await renewal('2026-08-22-renew');
    const { recorded } = await openRootSigning(layout);
    for (const role of ['root', 'targets'] as const) {
      const planned = event.payloads.find((payload) => payload.role === role)?.canonical ?? new Uint8Array();
      const before = recorded?.[role];
      const expires = role === 'root' ? '2027-03-07T10:00:00Z' : '2036-08-19T10:00:00Z';
      const expected = canonicalize({ ...before?.signed, version: (before?.version ?? 0) + 1, expires });
      expect(Buffer.from(planned).toString()).toBe(Buffer.from(expected).toString());
    }
  });

  it('freezes it with every rule passing, and shows each holder who the five are', async () => {
    const event = await renewal('2026-08-22-frozen');
    await createFile(event.layout.planDigest, digestLine(event.planDigest));
    const rootSigning = await openRootSigning(layout);
    const packet = packetOf(await openEvent(event.layout), rootSigning, 'test');
    const first = rootSigning.recorded?.roots[0];
    const review = reviewPacket(packet, { pinned: first && pinOf(first), now });
    expect(lintPlan(review.frozen.plan)).toEqual([]);
    const screen = screenOf(review);
    expect(screen.payloads.map(({ role, was, version }) => [role, was, version])).toEqual([
      ['root', 15, 16],
      ['targets', 14, 15],
    ]);
    const signers = screen.payloads.flatMap((payload) => payload.signers);
    expect(signers).toHaveLength(3);
    for (const line of signers) for (const owner of owners) expect(line).toMatch(new RegExp(`\\b${owner} \\(`));
  });

  it('refuses to import where there is a root of trust already', async () => {
    await expect(importRepository({ layout, source, name: 'again', now })).rejects.toThrowToolkit('CER_IMPORT_EXISTS');
  });
});
