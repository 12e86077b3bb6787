import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { Names } from '../../lib/names.ts';
import type { Store } from '../../src/core/store.ts';
import { openStore } from '../../src/store/open-store.ts';
import { metricsOf } from '../operate/functions/recorded-log.ts';
import { account, type EmulatedAws, region } from '../support/aws/emulated-aws.ts';

/** How a deployed function ended, and what it left in its log group. */
export interface Invoked {
  readonly failed: boolean;
  readonly answer: Readonly<Record<string, unknown>>;
  /** Each line of its own, without those that Lambda adds. */
  readonly lines: readonly string[];
  /** Each metric as `NAME{LOG or SERVICE}`, with its values in order. */
  readonly metrics: Readonly<Record<string, readonly number[]>>;
}

interface LogEvent {
  readonly message: string;
  readonly logStreamName: string;
}

export interface Schedule {
  readonly rule: { readonly Arn: string; readonly ScheduleExpression: string; readonly State: string };
  readonly targets: readonly { readonly Arn: string }[];
}

/** Runs a function as its schedule does, and waits for its end. */
export async function invoke(aws: EmulatedAws, name: string): Promise<Invoked> {
  const client = new LambdaClient();
  try {
    const before = new Set((await logged(aws, name)).map(({ logStreamName }) => logStreamName));
    const command = new InvokeCommand({ FunctionName: `acme-${name}`, Payload: Buffer.from('{}') });
    const { FunctionError, Payload } = await client.send(command);
    const events = (await logged(aws, name)).filter(({ logStreamName }) => !before.has(logStreamName));
    const lines = events
      .map(({ message }) => message)
      .filter((line) => !/^(?:START|END|REPORT) RequestId: /.test(line));
    return {
      failed: FunctionError !== undefined,
      answer: JSON.parse(Payload?.transformToString() || '{}') as Invoked['answer'],
      lines,
      metrics: metricsOf(lines.filter((line) => line.startsWith('{'))),
    };
  } finally {
    client.destroy();
  }
}

/** Returns a function's rule, and what the rule starts. */
export async function scheduleOf(aws: EmulatedAws, name: string): Promise<Schedule> {
  const rule = await ask(aws, 'events', 'AWSEvents.DescribeRule', { Name: `acme-${name}` });
  const { Targets } = (await ask(aws, 'events', 'AWSEvents.ListTargetsByRule', { Rule: `acme-${name}` })) as {
    Targets: Schedule['targets'];
  };
  return { rule: rule as Schedule['rule'], targets: Targets };
}

/** Everything that is in the log group of a function. */
export async function logged(aws: EmulatedAws, name: string): Promise<readonly LogEvent[]> {
  const group = { logGroupName: `/sigstead/acme/${name}` };
  const { events } = (await ask(aws, 'logs', 'Logs_20140328.FilterLogEvents', group)) as { events: LogEvent[] };
  return events;
}

/** As the root user of the account. */
export async function ask({ emulator }: EmulatedAws, service: string, target: string, input: object): Promise<unknown> {
  const answer = await fetch(emulator.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': target,
      authorization: emulator.authorization(service, account),
    },
    body: JSON.stringify(input),
  });
  if (answer.ok) return await answer.json();
  throw new Error(`${target}: status ${answer.status}: ${await answer.text()}`);
}

const names = new Names({ instance: 'acme', account, keysAccount: account, writeRegion: region });

/** A bucket of the instance, or a part of it, by its owner. What was not read before is replaced without a condition. */
export function bucket(owner: string, part = ''): Store {
  return openStore(`s3://${names.bucket(owner, region)}${part}`);
}

/** Puts other bytes in the place of a file while something is done, and those back that were there. */
export async function whileReplaced<T>(
  { store, path, bytes }: { readonly store: Store; readonly path: string; readonly bytes: Uint8Array },
  act: () => Promise<T>,
): Promise<T> {
  const before = await store.read(path, 1 << 20);
  if (before === undefined) throw new Error(`${store.uri}/${path}: nothing there`);
  await store.replace(path, bytes);
  try {
    return await act();
  } finally {
    await store.replace(path, before);
  }
}
