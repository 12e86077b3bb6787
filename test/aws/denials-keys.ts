import {
  CancelKeyDeletionCommand,
  CreateGrantCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetKeyPolicyCommand,
  GetPublicKeyCommand,
  type KMSClient,
  ListGrantsCommand,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
} from '@aws-sdk/client-kms';
import type { PlacedKey } from '../../lib/access/placement.ts';
import type { Deployment } from '../../lib/deployment.ts';
import type { AccessCase, KeyAction } from '../stacks/access/matrix.ts';
import { type Asker, answerOf, type Question } from '../support/aws/access.ts';

type Algorithm = PlacedKey['signingAlgorithm'];

/** Returns what the access matrix says of one key, or of all, as questions. Every key is afterwards as it was. */
export async function keyQuestions(
  cases: readonly AccessCase[],
  deployment: Deployment,
  askers: ReadonlyMap<string, Asker>,
): Promise<readonly Question[]> {
  const administrator = askers.get('key-administrator')?.kms;
  const auditor = askers.get('auditor')?.kms;
  if (!administrator || !auditor) throw new Error('expected somebody who enables keys, and somebody who looks');
  const questions: Question[] = [];
  for (const { allowed, ...each } of cases) {
    if (each.kind !== 'key') continue;
    const KeyId = keyArn(each.key.id, deployment);
    const { Policy = '' } = await auditor.send(new GetKeyPolicyCommand({ KeyId }));
    const undo = undoing(each.action, KeyId, administrator);
    questions.push({
      what: `${each.action} ${each.key.id}`,
      allowed,
      ask: async (asker) => answerOf(calls[each.action](asker.kms, { ...{ KeyId, Policy }, key: each.key, asker })),
      ...(undo && { undo }),
    });
  }
  return questions;
}

export function keyArn(id: string, { record }: Deployment): string {
  const arn = record.keys.get(id)?.arn;
  if (arn === undefined) throw new Error(`${id}: no such key in deployment.json`);
  return arn;
}

/** The key is in use, so what takes it out of use is taken back at once, by the role that is there for that. */
function undoing(action: KeyAction, KeyId: string, administrator: KMSClient): (() => Promise<void>) | undefined {
  const enable = async () => void (await administrator.send(new EnableKeyCommand({ KeyId })));
  if (action === 'DisableKey') return enable;
  if (action !== 'ScheduleKeyDeletion') return undefined;
  return async () => {
    await administrator.send(new CancelKeyDeletionCommand({ KeyId }));
    await enable();
  };
}

interface Target {
  readonly KeyId: string;
  /** As it is: who may put it puts the same again. */
  readonly Policy: string;
  readonly key: PlacedKey;
  readonly asker: Asker;
}

const calls: Readonly<Record<KeyAction, (kms: KMSClient, target: Target) => Promise<unknown>>> = {
  Sign: async (kms, { KeyId, key }) => sign(kms, KeyId, key.signingAlgorithm),
  SignOtherAlgorithm: async (kms, { KeyId, key }) =>
    sign(kms, KeyId, key.signingAlgorithm === 'ECDSA_SHA_256' ? 'ECDSA_SHA_384' : 'ECDSA_SHA_256'),
  SignRaw: async (kms, { KeyId, key }) =>
    kms.send(
      new SignCommand({
        ...{ KeyId, SigningAlgorithm: key.signingAlgorithm, MessageType: 'RAW' },
        Message: new TextEncoder().encode('whatever it is shown as it stands'),
      }),
    ),
  GetPublicKey: async (kms, { KeyId }) => kms.send(new GetPublicKeyCommand({ KeyId })),
  DescribeKey: async (kms, { KeyId }) => kms.send(new DescribeKeyCommand({ KeyId })),
  GetKeyPolicy: async (kms, { KeyId }) => kms.send(new GetKeyPolicyCommand({ KeyId })),
  ListGrants: async (kms, { KeyId }) => kms.send(new ListGrantsCommand({ KeyId })),
  DisableKey: async (kms, { KeyId }) => kms.send(new DisableKeyCommand({ KeyId })),
  TagResource: async (kms, { KeyId, key }) =>
    kms.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: 'sigstead:key', TagValue: key.id }] })),
  PutKeyPolicy: async (kms, { KeyId, Policy }) => kms.send(new PutKeyPolicyCommand({ KeyId, Policy })),
  ScheduleKeyDeletion: async (kms, { KeyId }) =>
    kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 30 })),
  CreateGrant: async (kms, { KeyId, asker }) =>
    kms.send(new CreateGrantCommand({ KeyId, GranteePrincipal: asker.arn, Operations: ['Sign'] })),
};

async function sign(kms: KMSClient, KeyId: string, SigningAlgorithm: Algorithm): Promise<unknown> {
  const Message = new Uint8Array(SigningAlgorithm === 'ECDSA_SHA_256' ? 32 : 48);
  return await kms.send(new SignCommand({ KeyId, SigningAlgorithm, MessageType: 'DIGEST', Message }));
}
