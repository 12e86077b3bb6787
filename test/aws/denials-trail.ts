import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
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
export async function recordCalls({ aws }: Stage): Promise<void> {
  const body = JSON.stringify({ 'cloudtrail._recording_enabled': true });
  const answer = await fetch(`${aws.emulator.endpoint}/_ministack/config`, { method: 'POST', body });
  const { applied } = (await answer.json()) as { applied?: Record<string, unknown> };
  if (applied?.['cloudtrail._recording_enabled'] !== true) throw new Error('the emulator does not record');
}

/**
 * Returns the newest signatures of CloudTrail, of one access key where it is given. The emulator records who asked by
 * the access key, not by the role, and answers with 50 at most.
 */
export async function recordedSignatures(since: Date, accessKeyId?: string): Promise<readonly RecordedSignature[]> {
  const LookupAttributes = [
    { AttributeKey: 'EventName' as const, AttributeValue: 'Sign' },
    ...(accessKeyId === undefined ? [] : [{ AttributeKey: 'AccessKeyId' as const, AttributeValue: accessKeyId }]),
  ];
  const command = new LookupEventsCommand({ LookupAttributes, StartTime: since });
  const { Events = [] } = await new CloudTrailClient().send(command);
  return Events.map(({ CloudTrailEvent = '{}' }) => {
    const event = JSON.parse(CloudTrailEvent) as {
      readonly userIdentity: { readonly accessKeyId: string };
      readonly requestParameters: { readonly KeyId: string };
    };
    return { accessKeyId: event.userIdentity.accessKeyId, keyId: event.requestParameters.KeyId };
  });
}

/** Asks STS, with the credentials that the processes of a task have, who they are. */
export async function identityOf({ host, service }: ServiceTask): Promise<{ accessKeyId: string; arn: string }> {
  const { stdout } = await run('/usr/sbin/ip', ['netns', 'pids', host.namespace]);
  const [pid] = stdout.trim().split('\n');
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
  const variables = new Map(
    environment.split('\0').map((each) => [each.split('=', 1)[0], each.replace(/^[^=]*=/, '')]),
  );
  const accessKeyId = variables.get('AWS_ACCESS_KEY_ID');
  const secretAccessKey = variables.get('AWS_SECRET_ACCESS_KEY');
  const sessionToken = variables.get('AWS_SESSION_TOKEN');
  if (!accessKeyId || !secretAccessKey || !sessionToken)
    throw new Error(`${service}: process ${pid} has no credentials`);
  const sts = new STSClient({ credentials: { accessKeyId, secretAccessKey, sessionToken } });
  const { Arn = '' } = await sts.send(new GetCallerIdentityCommand({}));
  return { accessKeyId, arn: Arn };
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
