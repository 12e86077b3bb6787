import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { awsMaterialCommand } from '../../operate/aws/material.ts';
import { awsRecordCommand } from '../../operate/aws/record.ts';
import { cognitoTokens } from '../../operate/functions/probing/cognito-tokens.ts';
import { imagesBuildCommand, imagesPushCommand } from '../../operate/images-commands.ts';
import { parseDeploymentRecord } from '../../src/services/deployment.ts';
import { alarmOnMath } from '../support/aws/cdk.ts';
import { Ceremony } from '../support/aws/ceremony.ts';
import { clientHost } from '../support/aws/client-host.ts';
import { account, EmulatedAws, keysAccount } from '../support/aws/emulated-aws.ts';
import { type Destination, Front } from '../support/aws/front.ts';
import { addPoolUser, type Pool, type PoolUser } from '../support/aws/identity.ts';
import { ImageFiles } from '../support/aws/image-files.ts';
import { createPeople } from '../support/aws/roles.ts';
import { Services } from '../support/aws/services.ts';
import type { Stage } from '../support/aws/stage.ts';
import { projectDirectory } from '../support/instance.ts';
import { runCommand } from '../support/invocation.ts';
import { serverPath } from '../support/servers.ts';
import { denialCases } from './denials.ts';
import { faultCases } from './faults.ts';
import { functionCases } from './functions.ts';
import { writerCases } from './writers.ts';

/** Types of resources that the emulator does not know. The list may only become shorter. */
const unknownToTheEmulator = new Set([
  'AWS::ApplicationAutoScaling::ScalableTarget',
  'AWS::ApplicationAutoScaling::ScalingPolicy',
  'AWS::CloudFront::VpcOrigin',
  'AWS::CloudTrail::Trail',
  alarmOnMath,
  'AWS::Cognito::ManagedLoginBranding',
  'AWS::EC2::EIP',
  'AWS::EC2::FlowLog',
  'AWS::EC2::NatGateway',
  'AWS::EC2::SecurityGroupEgress',
  'AWS::EC2::SecurityGroupIngress',
  'AWS::WAFv2::LoggingConfiguration',
  'AWS::WAFv2::WebACLAssociation',
]);

const domain = 'sigstore.acme.example';
const certified = [
  { service: 'fulcio', root: 'fulcio-root', profile: 'fulcio-intermediate' },
  { service: 'timestamp-tsa-1', root: 'tsa-root-1', profile: 'tsa-leaf' },
  { service: 'timestamp-tsa-2', root: 'tsa-root-2', profile: 'tsa-leaf' },
] as const;

let aws: EmulatedAws;
let config: string;
let synth: readonly string[];
let pool: Pool;
let rootFile: string;
let stage: Stage;
let ceremony: Ceremony;
let images: ImageFiles;
let services: Services;
let front: Front;
let distributions: ReadonlyMap<string, string> = new Map();
let loadBalancer = '';

const at = (...names: readonly string[]) => join(aws.directory, ...names);
const files = () => ['--config', config, '--deployment', aws.directory];
const environment = () => ({ ...process.env }) as Record<string, string>;

beforeAll(async () => {
  aws = await EmulatedAws.begin();
  for (const people of ['key-administrators', 'incident-commanders', 'security-auditors', 'ceremony-coordinators']) {
    aws.become(account);
    await createPeople(account, people);
  }
  const zone = await aws.createZone(domain);
  config = at('sigstead.yaml');
  ceremony = await Ceremony.begin(at('ceremony'));
  await writeFile(config, await configuration(zone));
  synth = ['-c', `config=${config}`, '-c', `databaseCa=${aws.ca.file}`, '-c', 'writeOnce=false'];
  const crane = await serverPath('crane');
  images = await ImageFiles.serve({ crane, directory: at('images') });
  services = new Services(aws, images, 'acme');
  aws.names.setBelow(domain, aws.network.address);
  front = await Front.begin({
    ...{ address: aws.network.address, emulator: aws.emulator.address, ca: aws.ca.pem, route },
    tls: await aws.ca.issue('instance', `*.${domain}`),
  });
}, 240_000);

afterAll(async () => {
  await front?.[Symbol.asyncDispose]();
  await services?.[Symbol.asyncDispose]();
  await images?.[Symbol.asyncDispose]();
  await aws?.[Symbol.asyncDispose]();
}, 60_000);

/** production.yaml, but for the zone, which AWS numbers, the keys' account, and where the root of trust is. */
async function configuration(zone: string): Promise<string> {
  const text = await readFile(join(projectDirectory, 'examples', 'production.yaml'), 'utf8');
  return (
    text
      .replace(/^ {2}zone: \w+$/m, `  zone: ${zone}`)
      .replaceAll(keysAccount, account)
      // People who log in at a pool of the deployment.
      .replace(/^issuers:$/m, 'issuers:\n  - { preset: cognito }')
      .replace('root: root-signing/policy.yaml', `root: ${join(ceremony.rootSigning, 'policy.yaml')}`)
  );
}

describe('the instance on AWS', () => {
  it('is bootstrapped and deployed, as far as it can be before a ceremony', async () => {
    await aws.bootstrap();
    const deployed = await aws.deploy(synth, unknownToTheEmulator);
    expect(deployed.said).toMatch(/rekor-log2026-1: not deployed yet: its recorded key\n {2}next: sigstead aws record/);
    const { UserPoolId: userPool = '', ClientId: clientId = '' } = deployed.outputs['acme-Oidc'] ?? {};
    pool = { userPool, clientId };
    const known = `{ preset: cognito, userPool: ${userPool}, clientId: ${clientId} }`;
    await writeFile(config, (await readFile(config, 'utf8')).replace('{ preset: cognito }', known));
  }, 600_000);

  it('has images, which are in a registry by their digests', async () => {
    await runCommand(imagesBuildCommand, ['--out', at('built')], { environment: environment() });
    const push = ['--images', at('built'), '--registry', `${images.registry}/acme`, '--record', at('deployment.json')];
    await runCommand(imagesPushCommand, push, { environment: environment() });
    const record = parseDeploymentRecord(await readFile(at('deployment.json')), 'deployment.json');
    expect([...record.images.keys()].toSorted()).toEqual(['ct-log', 'fulcio', 'rekor-aws', 'timestamp-server-aws']);
  }, 600_000);

  it('has keys, which the auditor records and a ceremony certifies', async () => {
    const record = async () => runCommand(awsRecordCommand, [...files(), '--keys', at('public-keys')]);
    await aws.as('security-auditors', 'acme-auditor', record);
    for (const each of certified) await ceremony.certify(each, at('public-keys', `${each.service}.pub.pem`));
    const targets = join(ceremony.rootSigning, 'targets');
    const words = ['--certificates', ceremony.certificates, '--targets', targets];
    await runCommand(awsMaterialCommand, [...files(), ...words]);
    const { keys } = parseDeploymentRecord(await readFile(at('deployment.json')), 'deployment.json');
    const genesis = async () =>
      ceremony.genesis(keys.get('tuf-online')?.arn ?? '', `s3://acme-tuf-${account}-eu-central-1`);
    rootFile = await aws.as('ceremony-coordinators', 'acme-publisher-task', genesis);
  }, 300_000);

  it('is deployed whole', async () => {
    const deployed = await aws.deploy([...synth, '-c', 'complete=true'], unknownToTheEmulator);
    expect([...deployed.leftOut.keys()]).toEqual([...unknownToTheEmulator].toSorted());
  }, 600_000);

  it('runs: every server from its registered task definition, with the credentials of its task role', async () => {
    for (const id of ['ct-ct2026-1', 'rekor-log2026-1', 'timestamp-tsa-1', 'timestamp-tsa-2', 'fulcio']) {
      await services.start(id);
    }
    const balancer = await services.loadBalancer();
    distributions = await services.distributions();
    loadBalancer = `/_alb/${balancer}`;
    expect(services.tasks).toHaveLength(5);
  }, 300_000);

  it('signs for a person of its user pool, and every client verifies', async () => {
    const user = await addPoolUser(pool, 'signer@acme.example');
    const { clients, anchor, expected, token } = await openStage(user);
    const artifact = at('artifact');
    await writeFile(artifact, 'something to sign\n');
    const all = [clients.cosign, clients.sigstoreJs, ...(clients.sigstorePython ? [clients.sigstorePython] : [])];
    for (const client of all) {
      const home = at(`home-${client.name}`);
      await mkdir(home);
      expect([client.name, await client.initialize(anchor, home)]).toEqual([client.name, { accepted: true }]);
    }
    // sigstore-python cannot read a bundle of the very first entry, whose index 0 is left out of the JSON.
    const first = { anchor, home: at('home-cosign'), artifact, bundle: at('first.sigstore.json') };
    await clients.cosign.sign({ ...first, identityToken: await token() });
    for (const signing of [clients.cosign, clients.sigstoreJs]) {
      const bundle = at(`${signing.name}.sigstore.json`);
      const identityToken = await token();
      await signing.sign({ anchor, home: at(`home-${signing.name}`), artifact, bundle, identityToken });
      for (const client of all) {
        const verdict = await client.verify({ anchor, home: at(`home-${client.name}`), artifact, bundle, expected });
        expect([signing.name, client.name, verdict]).toEqual([signing.name, client.name, { accepted: true }]);
      }
    }
  }, 300_000);
});

describe('what the functions do', () => functionCases(() => stage));
describe('what nobody may', () => denialCases(() => stage));
describe('who may write', () => writerCases(() => stage));
describe('what may fail', () => faultCases(() => stage));

/** Everything that the cases after the first signature need. */
async function openStage(user: PoolUser): Promise<Stage> {
  const url = `${aws.emulator.endpoint}/`;
  const login = { source: 'cognito', url, clientId: pool.clientId, ...user, username: user.email } as const;
  const clients = await clientHost({
    host: await aws.network.addHost(),
    directory: aws.directory,
    caBundle: await services.caBundle(),
    cosign: await serverPath('cosign'),
  });
  const issuer = `https://cognito-idp.eu-central-1.amazonaws.com/${pool.userPool}`;
  stage = {
    ...{ aws, services, ceremony, clients, config, pool, user },
    recordFile: at('deployment.json'),
    anchor: { tufUrl: `https://tuf.${domain}`, rootFile },
    expected: { identity: user.email, issuer },
    redeploy: async (stack) => aws.redeploy(stack, [...synth, '-c', 'complete=true'], unknownToTheEmulator),
    token: async () => cognitoTokens(login, { now: new Date() }).token(),
  };
  return stage;
}

/** As the behaviours of the distributions say; the emulator has no VPC origins, through which requests go to the load balancer. */
function route(host: string, { method = '', url = '' }: IncomingMessage): Destination {
  const toServer = method === 'POST' || /^\/api\/v[12]\/(?:timestamp|trustBundle|configuration)/.test(url);
  return toServer ? { host, prefix: loadBalancer } : { host: distributions.get(host) ?? host, prefix: '' };
}
