import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type CustomResourceEvent, respond } from '../../../../operate/functions/provisioning/custom-resource.ts';
import { handleShardDatabase } from '../../../../operate/functions/provisioning/handle.ts';
import { type LoopbackServer, startLoopbackServer } from '../../../support/loopback-server.ts';
import { recordedLog } from '../recorded-log.ts';

let server: LoopbackServer;
afterEach(async () => await server.close());

interface Answer {
  readonly method: string | undefined;
  readonly contentType: string | undefined;
  readonly body: Record<string, unknown>;
}

/** Answers with each status in turn, the last one for ever. */
async function start(...statuses: readonly number[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  server = await startLoopbackServer(async (request, response) => {
    const body = JSON.parse((await buffer(request)).toString()) as Record<string, unknown>;
    answers.push({ method: request.method, contentType: request.headers['content-type'], body });
    response.writeHead(statuses[Math.min(answers.length, statuses.length) - 1] ?? 200).end();
  });
  return answers;
}

function event(change: Partial<CustomResourceEvent> = {}): CustomResourceEvent {
  return {
    RequestType: 'Create',
    ResponseURL: `${server.url}/answer?signature=abc`,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'CtDatabase',
    ResourceProperties: {},
    ...change,
  };
}

describe('respond', () => {
  it('puts the answer without a content type, as its URL was signed', async () => {
    const answers = await start(200);
    await respond(event(), { status: 'SUCCESS', physicalId: 'host/db' });
    const ids = { StackId: 'stack', RequestId: 'request', LogicalResourceId: 'CtDatabase' };
    const body = { Status: 'SUCCESS', PhysicalResourceId: 'host/db', ...ids };
    expect(answers).toEqual([{ method: 'PUT', contentType: undefined, body }]);
  });

  it('tries again, and cuts a reason that CloudFormation would not read', async () => {
    const answers = await start(500, 200);
    const reason = 'x'.repeat(10_000);
    await respond(event(), { status: 'FAILED', physicalId: 'id', reason }, { pauseMs: 1 });
    expect(answers).toHaveLength(2);
    expect(JSON.stringify(answers[1]?.body).length).toBeLessThan(4_096);
  });

  it('refuses to let an answer get lost quietly', async () => {
    await start(403);
    const answered = respond(event(), { status: 'SUCCESS', physicalId: 'id' }, { pauseMs: 1 });
    await expect(answered).rejects.toThrowToolkit('OPS_RESOURCE_UNANSWERED', { resource: 'CtDatabase' });
  });
});

describe('handleShardDatabase', () => {
  const options = { caPem: async () => '' };

  it('does nothing when a stack is deleted', async () => {
    const answers = await start(200);
    const request = event({ RequestType: 'Delete', PhysicalResourceId: 'host/db' });
    await handleShardDatabase(request, options, recordedLog().log);
    expect(answers[0]?.body).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'host/db' });
  });

  it('refuses properties of another form, and says which', async () => {
    const answers = await start(200);
    const recorded = recordedLog();
    await handleShardDatabase(event({ ResourceProperties: { database: 'a-b' } }), options, recorded.log);
    expect(answers[0]?.body).toMatchObject({
      Status: 'FAILED',
      PhysicalResourceId: 'request',
      Reason: expect.stringMatching(/OPS_DATABASE_PROPERTIES: CtDatabase: .*database: expected 1 to 64 characters/),
    });
    expect(recorded.lines.join()).toContain('OPS_DATABASE_PROPERTIES');
  });

  it('refuses to move a shard, and keeps its id', async () => {
    const answers = await start(200);
    const request = event({
      ...{ RequestType: 'Update', PhysicalResourceId: 'host/one' },
      ...{ OldResourceProperties: { database: 'one' }, ResourceProperties: { database: 'two' } },
    });
    await handleShardDatabase(request, options, recordedLog().log);
    expect(answers[0]?.body).toMatchObject({
      ...{ Status: 'FAILED', PhysicalResourceId: 'host/one' },
      Reason: expect.stringContaining(
        "OPS_DATABASE_MOVED: a shard's database never changes: database: expected one, got two",
      ),
    });
  });
});
