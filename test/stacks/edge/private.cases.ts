import { createRequire } from 'node:module';
import { createContext, runInContext } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Match } from 'aws-cdk-lib/assertions';
import { maxInlineCodeBytes, maxReadBytes, readFunctionCode } from '../../../lib/constructs/read-function-code.ts';
import { firstServicePriority } from '../../../lib/stacks/edge.ts';
import { ctEdge, publicEdgeLimits, rekorEdge, type ServiceEdge, tufEdge } from '../../../src/services/edge.ts';
import { type FakeS3, startFakeS3 } from '../../support/fake-s3.ts';
import { account, region, synthesiseEdge, zone } from './fixture.ts';

const bucket = 'acme-tuf';

describe('EdgeStack, private', () => {
  const { template } = synthesiseEdge({ zone, access: 'private' });

  it('has nothing on the Internet', () => {
    for (const type of ['CloudFront::Distribution', 'CloudFront::VpcOrigin', 'CloudFront::Function']) {
      template.resourceCountIs(`AWS::${type}`, 0);
    }
    template.allResourcesProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'internal' });
  });

  it('reads each bucket through a function that may read this bucket alone', () => {
    template.resourceCountIs('AWS::Lambda::Function', 3);
    const owners = ['tuf', 'rekor-log2026-1', 'ct-ct2026-1'];
    for (const owner of owners) {
      const name = `acme-${owner}-${account}-${region}`;
      template.hasResourceProperties('AWS::Lambda::Function', {
        Environment: { Variables: { BUCKET: name } },
        Runtime: 'nodejs24.x',
      });
      template.hasResourceProperties('AWS::IAM::Policy', {
        PolicyDocument: Match.objectLike({
          Statement: Match.arrayWith([
            Match.objectLike({ Action: 's3:GetObject', Resource: `arn:aws:s3:::${name}/*` }),
            Match.objectLike({ Action: 's3:ListBucket', Resource: `arn:aws:s3:::${name}` }),
          ]),
        }),
      });
    }
  });

  it('takes GET and HEAD of a host before the service of that host does', () => {
    const rules = Object.values(template.findResources('AWS::ElasticLoadBalancingV2::ListenerRule'));
    const priorities = rules.map((rule) => rule['Properties'].Priority as number);
    expect(new Set(priorities).size).toBe(3);
    expect(Math.max(...priorities)).toBeLessThan(firstServicePriority);
    for (const rule of rules) {
      expect(JSON.stringify(rule['Properties'].Conditions)).toContain('"Values":["GET","HEAD"]');
    }
  });

  it('keeps the rules of a shard where they are when another is added', () => {
    const rulesOf = (of: typeof template) =>
      Object.values(of.findResources('AWS::ElasticLoadBalancingV2::ListenerRule')).map((rule) =>
        JSON.stringify([rule['Properties'].Priority, rule['Properties'].Conditions]),
      );
    const more = synthesiseEdge({ zone, access: 'private' }, ', { shard: log2026-2 }');
    expect(rulesOf(more.template)).toEqual(expect.arrayContaining(rulesOf(template)));
  });

  it('lets other networks in by PrivateLink, each accepted by hand', () => {
    template.hasResourceProperties('AWS::EC2::VPCEndpointService', { AcceptanceRequired: true });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', { TargetType: 'alb', Port: 443 });
    template.hasResourceProperties('AWS::Route53::RecordSet', { Name: 'tuf.sigstore.acme.example.', Type: 'A' });
  });
});

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

describe('readFunctionCode', () => {
  let s3: FakeS3;
  const before = { ...process.env };
  const said: string[] = [];

  beforeAll(async () => {
    s3 = await startFakeS3(bucket);
    const { endpoint, credentials } = s3.client;
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      BUCKET: bucket,
    });
  });

  afterAll(async () => {
    process.env = before;
    await s3[Symbol.asyncDispose]();
  });

  /** Runs the code as Lambda does: a CommonJS module with an exported `handler`. */
  async function run(edge: ServiceEdge, path: string, more: Record<string, unknown> = {}): Promise<Answer> {
    const exports: { handler?: (event: unknown) => Promise<Answer> } = {};
    const reads = edge.routes.filter((route) => route.kind === 'read');
    const context = createContext({
      exports,
      require: createRequire(import.meta.url),
      process,
      Buffer,
      console: { error: (line: string) => said.push(line) },
    });
    runInContext(readFunctionCode(reads), context);
    return (await exports.handler?.({
      httpMethod: 'GET',
      path,
      headers: {},
      queryStringParameters: {},
      ...more,
    })) as Answer;
  }

  function put(key: string, bytes: Buffer): void {
    s3.objects.set(key, { bytes, headers: {} });
  }

  const tuf = tufEdge(publicEdgeLimits);
  const rekor = rekorEdge(publicEdgeLimits);

  it.each([tuf, rekor, ctEdge(publicEdgeLimits)])('is short enough to stand in a template', (edge) => {
    const reads = edge.routes.filter((route) => route.kind === 'read');
    expect(Buffer.byteLength(readFunctionCode(reads))).toBeLessThan(maxInlineCodeBytes);
  });

  it('accepts the names of the read path, and gives the bytes of the bucket', async () => {
    put('timestamp.json', Buffer.from('{"a":1}'));
    put('checkpoint', Buffer.from('log\n1\n'));
    const answer = await run(tuf, '/timestamp.json');
    expect(answer).toMatchObject({ statusCode: 200, headers: { 'cache-control': 'no-store' } });
    expect(Buffer.from(answer.body ?? '', 'base64').toString()).toBe('{"a":1}');
    expect(await run(rekor, '/api/v2/checkpoint')).toMatchObject({ statusCode: 200 });
    expect(await run(tuf, '/timestamp.json', { httpMethod: 'HEAD' })).toMatchObject({ statusCode: 200, body: '' });
  });

  it('refuses other names, queries and methods without asking the bucket', async () => {
    const asked = s3.requests.length;
    for (const path of ['/checkpoint', '/', '/../checkpoint', '/root.json', '/%74imestamp.json']) {
      expect(await run(tuf, path)).toMatchObject({ statusCode: 404 });
    }
    expect(await run(tuf, '/timestamp.json', { queryStringParameters: { a: '1' } })).toMatchObject({ statusCode: 404 });
    expect(await run(tuf, '/timestamp.json', { httpMethod: 'PUT' })).toMatchObject({ statusCode: 405 });
    expect(s3.requests).toHaveLength(asked);
  });

  it('answers 404 for a file that is not there, and nobody may keep that', async () => {
    expect(await run(tuf, '/2.root.json')).toMatchObject({ statusCode: 404, headers: { 'cache-control': 'no-store' } });
  });

  it('answers 502 when the bucket refuses, which is not the same as missing', async () => {
    s3.intercept = (_request, response) => {
      response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
      return true;
    };
    expect(await run(tuf, '/2.root.json')).toMatchObject({ statusCode: 502 });
    s3.intercept = () => false;
  });

  it('compresses what is too large for a load balancer, and never cuts it', async () => {
    const text = Buffer.alloc(maxReadBytes + 1, 'entry ');
    put('tile/entries/000', text);
    expect(await run(rekor, '/tile/entries/000')).toMatchObject({ statusCode: 507 });
    expect(said.at(-1)).toContain('TooLarge');
    const answer = await run(rekor, '/tile/entries/000', { headers: { 'accept-encoding': 'gzip, br' } });
    expect(answer).toMatchObject({ statusCode: 200, headers: { 'content-encoding': 'gzip' } });
    expect(gunzipSync(Buffer.from(answer.body ?? '', 'base64')).equals(text)).toBe(true);
  });
});
