import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect, it } from '@jest/globals';
import type { LogStanding } from '../../operate/functions/monitoring/check-log.ts';
import type { ProberAccount } from '../../operate/functions/probing/token-source.ts';
import { toHex } from '../../src/core/bytes.ts';
import { sha256 } from '../../src/core/digest.ts';
import { waitFor } from '../../src/core/wait.ts';
import { issuance } from '../../src/services/issuance.ts';
import { checkpointPath } from '../../src/tlog/checkpoint.ts';
import { maxNoteBytes } from '../../src/tlog/note.ts';
import { addPoolUser, type PoolUser } from '../support/aws/identity.ts';
import type { Stage } from '../support/aws/stage.ts';
import { identityOf, recordCalls, recordedSignatures } from './denials-trail.ts';
import { bucket, invoke, logged, whileReplaced } from './functions-deployed.ts';

const [rekor, ct] = ['rekor-log2026-1', 'ct-ct2026-1'];
const secretName = 'acme/prober';
const number = expect.any(Number);

/** In this order: the monitor's second look is at what the prober had signed. */
export function watchCases(stage: () => Stage): void {
  let first: ReadonlyMap<string, LogStanding>;
  let old: Uint8Array;
  let prober: PoolUser;
  let since: Date;
  let grown: number;

  it('keeps the checkpoint of every log, which the auditor can read', async () => {
    const { failed, answer, metrics } = await invoke(stage().aws, 'monitor');
    expect({ failed, answer }).toMatchObject({ failed: false });
    first = standings(answer);
    expect([...first.keys()].toSorted()).toEqual([ct, rekor]);
    expect(metrics).toMatchObject({ [`MonitorFailure{${rekor}}`]: [0], [`MonitorFailure{${ct}}`]: [0] });
    old = await stage().aws.as('security-auditors', 'acme-auditor', keptCheckpoint);
    expect(Buffer.from(old).toString()).toMatch(`log2026-1.sigstore.acme.example\n${first.get(rekor)?.size}\n`);
  });

  it('signs and verifies through the whole instance', async () => {
    const { aws, pool } = stage();
    prober = await addPoolUser(pool, 'prober@acme.example');
    const SecretString = JSON.stringify(proberAccount(stage(), prober));
    await new SecretsManagerClient().send(new CreateSecretCommand({ Name: secretName, SecretString }));
    await recordCalls(stage());
    since = new Date();
    const { failed, answer, metrics, lines } = await invoke(aws, 'prober');
    expect({ failed, answer, lines }).toMatchObject({ failed: false, answer: { signMs: number, verifyMs: number } });
    expect(metrics).toMatchObject({
      ProberFailure: [0],
      ...{ [`CheckpointAgeSeconds{${rekor}}`]: [number], [`CheckpointAgeSeconds{${ct}}`]: [number] },
      'CertificateExpiresInDays{fulcio}': [number],
      'CertificateExpiresInDays{timestamp-tsa-1}': [number],
      'CertificateExpiresInDays{timestamp-tsa-2}': [number],
    });
    for (const name of ['tuf', 'fulcio', 'log2026-1', 'ct2026-1', 'tsa-1', 'tsa-2']) {
      const [days] = metrics[`TlsExpiresInDays{${name}.sigstore.acme.example}`] ?? [];
      expect({ name, days }).toEqual({ name, days: number });
    }
  });

  it('proves that every log extends what was kept before', async () => {
    for (const service of [rekor, ct]) await waitForGrowth(service, first.get(service)?.size ?? 0);
    const { failed, answer, metrics } = await invoke(stage().aws, 'monitor');
    expect({ failed, answer }).toMatchObject({ failed: false });
    for (const [service, { size, previousSize }] of standings(answer)) {
      expect([service, previousSize]).toEqual([service, first.get(service)?.size]);
      expect(size).toBeGreaterThan(previousSize ?? 0);
      expect(metrics[`MonitorFailure{${service}}`]).toEqual([0]);
    }
    grown = (standings(answer).get(ct)?.size ?? 0) - (first.get(ct)?.size ?? 0);
    // What was issued is told of a time that is over, and it has not looked for that long.
    expect(metrics).not.toHaveProperty('CertificatesLogged');
    const { seen } = JSON.parse(await keptFile('issued.json')) as { seen: readonly { sizes: readonly object[] }[] };
    expect(seen.at(-1)?.sizes).toEqual([{ log: ct, size: standings(answer).get(ct)?.size }]);
  });

  it('sees two signatures of the key of Fulcio for each certificate that the CT log took, as the alarm counts', async () => {
    const [fulcio] = stage().services.tasks.filter(({ service }) => service === 'fulcio');
    if (fulcio === undefined) throw new Error('fulcio does not run');
    const { accessKeyId } = await identityOf(fulcio);
    const made = await recordedSignatures(since, accessKeyId);
    expect(grown).toBeGreaterThan(0);
    expect(made).toHaveLength(issuance.signaturesPerCertificate * grown);
  });

  it('refuses a checkpoint that somebody put back, keeps both, and looks at the other log all the same', async () => {
    const { aws } = stage();
    const kept = await keptCheckpoint();
    const { failed, answer, metrics } = await whileReplaced(
      { store: bucket(rekor), path: checkpointPath, bytes: old },
      async () => invoke(aws, 'monitor'),
    );
    expect({ failed, answer }).toMatchObject({ failed: true });
    expect(metrics).toMatchObject({ [`MonitorFailure{${rekor}}`]: [1], [`MonitorFailure{${ct}}`]: [0], Evidence: [1] });
    expect(answer['errorMessage']).toMatch(/rekor-log2026-1: expected a checkpoint of size \d+ or more/);
    expect(await keptCheckpoint()).toEqual(kept);
    const evidence = `${rekor}/${toHex(sha256(old))}.checkpoint`;
    expect(await bucket('memory', '/monitor').read(evidence, maxNoteBytes)).toEqual(old);
  });

  it('tells that the password of the prober is wrong, and prints no secret', async () => {
    const { aws } = stage();
    const wrong = 'Wrong-but-long-enough-1';
    const SecretString = JSON.stringify(proberAccount(stage(), { ...prober, password: wrong }));
    await new SecretsManagerClient().send(new PutSecretValueCommand({ SecretId: secretName, SecretString }));
    const { failed, answer, metrics } = await invoke(aws, 'prober');
    expect({ failed, probed: metrics['ProberFailure'] }).toEqual({ failed: true, probed: [1] });
    expect(answer['errorMessage']).toMatch(/NotAuthorizedException/);
    const all = (await logged(aws, 'prober')).map(({ message }) => message).join('\n');
    // No token either, of the time when the password was right.
    expect(all).not.toMatch(/eyJ/);
    for (const secret of [wrong, prober.password, prober.totpSecret]) {
      expect(all).not.toContain(secret);
      expect(JSON.stringify(answer)).not.toContain(secret);
    }
  });
}

function proberAccount({ expected, pool }: Stage, { email, password, totpSecret }: PoolUser): ProberAccount {
  return {
    ...{ source: 'cognito', url: 'https://cognito-idp.eu-central-1.amazonaws.com/', clientId: pool.clientId },
    ...{ username: email, password, totpSecret, identity: email, issuer: expected.issuer },
  };
}

function standings(answer: Readonly<Record<string, unknown>>): ReadonlyMap<string, LogStanding> {
  return new Map((answer['logs'] as readonly LogStanding[]).map((standing) => [standing.service, standing]));
}

/** Returns a file that the monitor keeps. */
async function keptFile(path: string): Promise<string> {
  return Buffer.from((await bucket('memory', '/monitor').read(path, 1 << 16)) ?? []).toString();
}

/** Returns what the monitor keeps of the log of signatures, as the log signed it. */
async function keptCheckpoint(): Promise<Uint8Array> {
  const { checkpoint } = JSON.parse(await keptFile(`${rekor}.json`)) as { checkpoint: string };
  return Uint8Array.from(Buffer.from(checkpoint, 'base64'));
}

async function waitForGrowth(service: string, size: number): Promise<void> {
  const hasGrown = async () => {
    const checkpoint = await bucket(service).read(checkpointPath, maxNoteBytes);
    const [, treeSize] = Buffer.from(checkpoint ?? [])
      .toString()
      .split('\n');
    return Number(treeSize) > size;
  };
  await waitFor(hasGrown, { what: `a checkpoint of ${service} above ${size}`, timeoutMs: 20_000, intervalMs: 100 });
}
