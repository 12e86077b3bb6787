import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SigstoreClient } from '../../operate/clients/client.ts';
import { findSigstorePython } from '../../operate/clients/find-clients.ts';
import { parseDeploymentRecord, tufOnlineKey } from '../../src/services/deployment.ts';
import { Deployment, unknownToTheEmulator } from '../support/aws/deployment.ts';
import { expectVerified, type Stage } from '../support/aws/stage.ts';
import { denialCases } from './denials.ts';
import { recordCalls, recordedSignatures } from './denials-trail.ts';
import { differenceCases } from './differences.ts';
import { faultCases } from './faults.ts';
import { functionCases } from './functions.ts';
import { secondInstanceCases } from './second-instance.ts';
import { twoAccountCases } from './two-accounts.ts';
import { writerCases } from './writers.ts';

const python = await findSigstorePython(process.env);
const withPython = python ? it : it.skip;
const skipped = python ? '' : ' (SKIPPED: no sigstore-python on PATH or at $SIGSTEAD_SIGSTORE_PYTHON)';

let deployment: Deployment;
let stage: Stage;

const at = (...names: readonly string[]) => join(deployment.aws.directory, ...names);

beforeAll(async () => {
  deployment = await Deployment.begin();
}, 240_000);

afterAll(async () => {
  await deployment?.[Symbol.asyncDispose]();
}, 60_000);

describe('the instance on AWS', () => {
  it('is bootstrapped and deployed, as far as it can be before a ceremony', async () => {
    const said = await deployment.bootstrap();
    expect(said).toMatch(/rekor-log2026-1: not deployed yet: its recorded key\n {2}next: sigstead aws record/);
  }, 600_000);

  it('has images, which are in a registry by their digests', async () => {
    const { images } = await deployment.pushImages();
    expect([...images.keys()].toSorted()).toEqual(['ct-log', 'fulcio', 'rekor-aws', 'timestamp-server-aws']);
  }, 600_000);

  it('has keys, which the auditor records and a ceremony certifies, and only the publisher signs with one', async () => {
    await recordCalls(deployment);
    const since = new Date();
    const publisher = await deployment.certifyKeys();
    expect(publisher.arn).toContain(':assumed-role/acme-publisher-task/');
    const { keys } = parseDeploymentRecord(await readFile(deployment.recordFile), deployment.recordFile);
    const signed = new Set(
      (await recordedSignatures(since)).map(({ accessKeyId, keyId }) => `${accessKeyId} ${keyId}`),
    );
    expect([...signed]).toEqual([`${publisher.accessKeyId} ${keys.get(tufOnlineKey)?.arn}`]);
  }, 300_000);

  it('is deployed whole', async () => {
    const leftOut = await deployment.deployWhole();
    expect(leftOut).toEqual([...unknownToTheEmulator].toSorted());
  }, 600_000);

  it('runs: every server from its registered task definition, with the credentials of its task role', async () => {
    await deployment.start();
    expect(deployment.services.tasks).toHaveLength(5);
  }, 300_000);

  it('signs for a person of its user pool, and every client verifies', async () => {
    stage = await deployment.openStage();
    const { clients, anchor, token } = stage;
    const artifact = at('artifact');
    await writeFile(artifact, 'something to sign\n');
    const all = [clients.cosign, clients.sigstoreJs];
    for (const client of all) await initialize(client);
    // sigstore-python cannot read a bundle of the very first entry, whose index 0 is left out of the JSON.
    const first = { anchor, home: at('home-cosign'), artifact, bundle: at('first.sigstore.json') };
    await clients.cosign.sign({ ...first, identityToken: await token() });
    for (const signing of [clients.cosign, clients.sigstoreJs]) {
      const bundle = at(`${signing.name}.sigstore.json`);
      const identityToken = await token();
      await signing.sign({ anchor, home: at(`home-${signing.name}`), artifact, bundle, identityToken });
      for (const client of all) await expectVerified(stage, client, signing.name);
    }
  }, 300_000);

  withPython(
    `and sigstore-python verifies what they signed${skipped}`,
    async () => {
      const { cosign, sigstoreJs, sigstorePython } = stage.clients;
      if (!sigstorePython) throw new Error('expected sigstore-python where it was found');
      await initialize(sigstorePython);
      for (const signing of [cosign, sigstoreJs]) await expectVerified(stage, sigstorePython, signing.name);
    },
    120_000,
  );
});

describe('what a change would do', () => differenceCases(() => stage));
describe('what the functions do', () => functionCases(() => stage));
describe('what nobody may', () => denialCases(() => stage));
describe('who may write', () => writerCases(() => stage));
describe('what may fail', () => faultCases(() => stage));
describe('a second instance', () => secondInstanceCases(() => stage));
describe('keys in an account of their own', () => twoAccountCases(() => stage));

async function initialize(client: SigstoreClient): Promise<void> {
  const home = at(`home-${client.name}`);
  await mkdir(home);
  expect([client.name, await client.initialize(stage.anchor, home)]).toEqual([client.name, { accepted: true }]);
}
