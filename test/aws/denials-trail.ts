import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import {
  CloudTrailClient,
  type Event,
  LookupEventsCommand,
  type LookupEventsCommandInput,
} from '@aws-sdk/client-cloudtrail';
import { type Identity, identityIn, type Variables } from '../support/aws/identity-of.ts';
import type { ServiceTask } from '../support/aws/services.ts';
import type { Stage } from '../support/aws/stage.ts';

const run = promisify(execFile);

/** A signature as CloudTrail has it. */
export interface RecordedSignature {
  readonly accessKeyId: string;
  readonly keyId: string;
}

/**
 * Has the emulator record from now on. It does so whether there is a trail or not, and a trail is one of the resources
 * that it cannot make from a template.
 */
export async function recordCalls({ aws }: Pick<Stage, 'aws'>): Promise<void> {
  const body = JSON.stringify({ 'cloudtrail._recording_enabled': true });
  const answer = await fetch(`${aws.emulator.endpoint}/_ministack/config`, { method: 'POST', body });
  const { applied } = (await answer.json()) as { applied?: Record<string, unknown> };
  if (applied?.['cloudtrail._recording_enabled'] !== true) throw new Error('the emulator does not record');
}

/**
 * Returns the signatures of CloudTrail, of one access key where it is given. The emulator records who asked by the access
 * key, not by the role.
 */
export async function recordedSignatures(since: Date, accessKeyId?: string): Promise<readonly RecordedSignature[]> {
  const LookupAttributes = [
    { AttributeKey: 'EventName' as const, AttributeValue: 'Sign' },
    ...(accessKeyId === undefined ? [] : [{ AttributeKey: 'AccessKeyId' as const, AttributeValue: accessKeyId }]),
  ];
  return (await everyEvent({ LookupAttributes, StartTime: since })).map(({ CloudTrailEvent = '{}' }) => {
    const event = JSON.parse(CloudTrailEvent) as {
      readonly userIdentity: { readonly accessKeyId: string };
      readonly requestParameters: { readonly KeyId: string };
    };
    return { accessKeyId: event.userIdentity.accessKeyId, keyId: event.requestParameters.KeyId };
  });
}

/** CloudTrail answers with the newest. The emulator has no token for those before, so they are asked for by time. */
async function everyEvent(input: LookupEventsCommandInput): Promise<readonly Event[]> {
  const client = new CloudTrailClient();
  const found = new Map<string, Event>();
  // So few that more than one page is asked for.
  const MaxResults = 10;
  let end: Partial<LookupEventsCommandInput> = {};
  for (;;) {
    const { Events = [] } = await client.send(new LookupEventsCommand({ ...input, ...end, MaxResults }));
    const before = found.size;
    for (const event of Events) found.set(event.EventId ?? '', event);
    const oldest = Events.at(-1)?.EventTime;
    if (found.size === before || oldest === undefined) return [...found.values()];
    end = { EndTime: new Date(oldest.getTime() + 1) };
  }
}

/** Asks STS, with the credentials that the processes of a task have, who they are. */
export async function identityOf({ host, service }: ServiceTask): Promise<Identity> {
  const { stdout } = await run('/usr/sbin/ip', ['netns', 'pids', host.namespace]);
  const [pid = ''] = stdout.trim().split('\n');
  return await identityIn(await environmentOf(pid), service);
}

/** As `identityOf`, of a function that was invoked: the emulator keeps its process. */
export async function identityOfFunction(name: string): Promise<Identity> {
  for (const pid of (await readdir('/proc')).filter((each) => /^\d+$/.test(each))) {
    // Processes end meanwhile.
    const variables = await environmentOf(pid).catch(() => undefined);
    if (variables?.get('AWS_LAMBDA_FUNCTION_NAME') === name) return await identityIn(variables, name);
  }
  throw new Error(`${name}: no process`);
}

async function environmentOf(pid: string): Promise<Variables> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
  return new Map(environment.split('\0').map((each) => [each.split('=', 1)[0], each.replace(/^[^=]*=/, '')]));
}

/** Asks a timestamp authority itself: a client takes one of them only. */
export async function timestamp({ address, service }: ServiceTask): Promise<void> {
  const artifactHash = Buffer.alloc(32, 1).toString('base64');
  const answer = await fetch(`http://${address}:3004/api/v1/timestamp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ artifactHash, hashAlgorithm: 'sha256', certificates: false, nonce: 1 }),
  });
  if (!answer.ok) throw new Error(`${service}: ${answer.status} ${await answer.text()}`);
}
