import { IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import type { Deployment } from '../../../lib/deployment.ts';
import { deploymentFilesAt } from '../../../operate/aws/settings.ts';
import { roleLabels } from '../../stacks/access/matrix.ts';
import { region } from './emulated-aws.ts';
import { assume, type Credentials, createPeople } from './roles.ts';
import type { Stage } from './stage.ts';

/** Somebody who asks, with the credentials of a session of their role. */
export interface Asker {
  readonly arn: string;
  readonly kms: KMSClient;
  readonly s3: S3Client;
}

/** `allowed`, `refused`, or the name of an error that says neither. */
export type Answer = string;

/** One question to everybody. */
export interface Question {
  readonly what: string;
  /** Whom it is answered; everybody else is refused. */
  readonly allowed: ReadonlySet<string>;
  ask(asker: Asker): Promise<Answer>;
  /** Takes back what an answer may have changed. */
  readonly undo?: () => Promise<void>;
}

/** Who of the people takes which role; the other roles are those of services. */
const people: Readonly<Record<string, string>> = {
  'key-administrator': 'key-administrators',
  'break-glass': 'incident-commanders',
  auditor: 'security-auditors',
  publisher: 'ceremony-coordinators',
};

/** Reads back what an instance was deployed from. */
export async function deploymentOf({ config, aws }: Stage): Promise<Deployment> {
  const files = await deploymentFilesAt(config, aws.directory);
  return { ...files, databaseCa: () => '', functions: new Map() };
}

/**
 * Becomes every role of the access matrix, an administrator of the account, and CloudFormation's role: the way that the
 * trust of each role provides, but for services, whose roles the emulator lets the account's root take.
 */
export async function everyAsker(deployment: Deployment): Promise<ReadonlyMap<string, Asker>> {
  const { account } = deployment.names;
  const role = (name: string) => `arn:aws:iam::${account}:role/${name}`;
  await createAdministrators(account);
  const arns = new Map([
    ...roleLabels(deployment),
    ['administrator', role('administrators')],
    ['deployment', role(`cdk-hnb659fds-cfn-exec-role-${account}-${region}`)],
  ]);
  const askers = new Map<string, Asker>();
  for (const [label, arn] of arns) {
    const who = people[label];
    const credentials = await assume(arn, who === undefined ? undefined : await assume(role(who)));
    askers.set(label, askerOf(arn, credentials));
  }
  return askers;
}

export function askerOf(arn: string, credentials?: Credentials): Asker {
  // An error is an answer here: none is asked for twice.
  const options = { region, maxAttempts: 1, ...(credentials && { credentials }) };
  return { arn, kms: new KMSClient(options), s3: new S3Client({ ...options, forcePathStyle: true }) };
}

async function createAdministrators(account: string): Promise<void> {
  await createPeople(account, 'administrators');
  const Statement = [{ Effect: 'Allow', Action: '*', Resource: '*' }];
  await new IAMClient().send(
    new PutRolePolicyCommand({
      ...{ RoleName: 'administrators', PolicyName: 'anything' },
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }),
    }),
  );
}

/**
 * Says what a call came to. Only what AWS calls a denied access is a refusal. An error is `allowed` only if it is one of
 * `afterAuthorization`, which a service gives to nobody whom it has not let in.
 */
export async function answerOf(call: Promise<unknown>, afterAuthorization: readonly string[] = []): Promise<Answer> {
  try {
    await call;
    return 'allowed';
  } catch (error) {
    const name = error instanceof Error ? error.name : String(error);
    if (name === 'AccessDenied' || name === 'AccessDeniedException') return 'refused';
    return afterAuthorization.includes(name) ? 'allowed' : name;
  }
}

/** Asks everybody, first those who should be refused, and says who got another answer than expected. */
export async function differencesOf(
  question: Question,
  askers: ReadonlyMap<string, Asker>,
): Promise<readonly string[]> {
  const { what, allowed, undo } = question;
  const answered = async ([label, asker]: [string, Asker]) => {
    const answer = await question.ask(asker);
    if (answer !== 'refused') await undo?.();
    const expected = allowed.has(label) ? 'allowed' : 'refused';
    return answer === expected ? [] : [`${label}: ${what}: expected ${expected}, got ${answer}`];
  };
  const everybody = [...askers];
  const refused = await Promise.all(everybody.filter(([label]) => !allowed.has(label)).map(answered));
  const different = refused.flat();
  // One after the other, because what one of them may do changes what the next one finds.
  for (const each of everybody.filter(([label]) => allowed.has(label))) different.push(...(await answered(each)));
  return different;
}
