import { fulcioId } from '../../src/services/fulcio.ts';
import { isInHsm, isInKeyset, kekArn } from '../../src/services/service.ts';
import type { Deployment } from '../deployment.ts';
import { type AuditRule, issuerOtherThan } from './audit-rule.ts';
import { keepsItsOwnKey, ownKeySecret, type PlacedKey, type PlacedService, placedServices } from './placement.ts';

export const everySignature: AuditRule = {
  id: 'every-signature',
  description: 'Each kms:Sign, for the record',
  pattern: kms(['Sign']),
  runbook: 'alarm-key-sign-by-other',
  alarming: false,
};

/** What the account of the services sees of one key, which has to be recorded. */
export function rulesOfKey(key: PlacedKey, { record, names }: Deployment): readonly AuditRule[] {
  const recorded = record.keys.get(key.id);
  if (recorded === undefined) return [];
  const resources = { ARN: [recorded.arn] };
  const readers = [...key.signers, ...peopleWhoRead(names)];
  return [
    {
      id: `strange-signer-of-${key.id}`,
      description: `Somebody but its service asked the key of ${key.id} for a signature`,
      pattern: kms(['Sign'], { resources, ...issuerOtherThan(key.signers) }),
      runbook: 'alarm-key-sign-by-other',
      alarming: true,
    },
    {
      id: `signature-refused-by-${key.id}`,
      description: `A signature of the key of ${key.id} was refused: to a stranger, or to its service`,
      pattern: kms(['Sign'], { resources, errorCode: [{ prefix: 'AccessDenied' }] }),
      runbook: 'alarm-key-sign-refused',
      alarming: true,
    },
    {
      id: `strange-reader-of-${key.id}`,
      description: `Somebody who has nothing to do with the key of ${key.id} asked for its public half`,
      pattern: kms(['GetPublicKey'], { resources, ...issuerOtherThan(readers) }),
      runbook: 'alarm-key-read-by-other',
      alarming: true,
    },
    ...(key.id === fulcioId ? [madeByFulcio(recorded.arn)] : []),
  ];
}

/** The rule whose events an alarm compares with what the CT logs show. */
export const fulcioSignatures = 'signatures-of-fulcio';

function madeByFulcio(arn: string): AuditRule {
  return {
    id: fulcioSignatures,
    description: 'Each signature that the key of Fulcio made, to be counted',
    pattern: kms(['Sign'], { resources: { ARN: [arn] }, errorCode: [{ exists: false }] }),
    runbook: 'alarm-signatures-unlogged',
    alarming: false,
  };
}

function peopleWhoRead(names: Deployment['names']): readonly string[] {
  return [names.keyRoleArn('key-administrator'), names.keyRoleArn('auditor')];
}

/** In the account of the key, an event of a call from another account says only which account. */
export function signedFromElsewhere(account: string): AuditRule {
  return {
    id: 'signed-from-elsewhere',
    description: 'A signature was asked for from another account than that of the services',
    pattern: kms(['Sign'], { userIdentity: { accountId: [{ 'anything-but': [account] }] } }),
    runbook: 'alarm-key-sign-elsewhere',
    alarming: true,
  };
}

/** The account of the keys has no role that reads them but those of people. */
export function readByOther(names: Deployment['names']): AuditRule {
  const own = (match: unknown) => ({
    accountId: [names.keysAccount],
    sessionContext: { sessionIssuer: { arn: [match] } },
  });
  const others = [
    own({ 'anything-but': peopleWhoRead(names) }),
    own({ exists: false }),
    { accountId: [{ 'anything-but': [names.account, names.keysAccount] }] },
  ];
  return {
    id: 'key-read-by-other',
    description: 'Somebody who has nothing to do with a key asked for its public half',
    pattern: kms(['GetPublicKey'], { $or: others.map((userIdentity) => ({ userIdentity })) }),
    runbook: 'alarm-key-read-by-other',
    alarming: true,
  };
}

/** Returns the rules about what makes its reader the signer: a key itself, the PIN of one in an HSM, or a keyset. */
export function keySecretRules(deployment: Deployment, region: string): readonly AuditRule[] {
  const here = placedServices(deployment).filter((service) => service.region === region);
  return here.flatMap((service) => [...secretRead(service, deployment), ...keysetUnwrapped(service, deployment)]);
}

function secretRead(service: PlacedService, deployment: Deployment): readonly AuditRule[] {
  const eventName = ['GetSecretValue', 'PutSecretValue', 'UpdateSecret', 'DeleteSecret', 'PutResourcePolicy'];
  const found = keySecretOf(service, deployment);
  if (!found) return [];
  const { id, holds, secret, reader } = found;
  const secretId = [{ prefix: secret }, { wildcard: `arn:*:secret:${secret}*` }];
  return [
    {
      id: `key-secret-of-${id}`,
      description: `Somebody but its service read or changed the secret with ${holds} of ${id}`,
      pattern: {
        source: ['aws.secretsmanager'],
        detail: {
          ...{ eventSource: ['secretsmanager.amazonaws.com'], eventName, requestParameters: { secretId } },
          ...issuerOtherThan([reader]),
        },
      },
      runbook: 'alarm-key-secret-read',
      alarming: true,
    },
  ];
}

function keySecretOf(service: PlacedService, deployment: Deployment) {
  const { id, key } = service;
  const { names } = deployment;
  // TesseraCT's own binary reads its key itself; a PIN is read for a container, before it starts.
  if (keepsItsOwnKey(service, deployment)) {
    return {
      id,
      holds: 'the key',
      secret: ownKeySecret(id, names).replace(/\*$/, ''),
      reader: names.roleArn(id, 'task'),
    };
  }
  return isInHsm(key)
    ? { id, holds: 'the PIN', secret: names.pinSecret(id), reader: names.roleArn(id, 'execution') }
    : undefined;
}

/** A keyset stands where others read it: whoever unwraps it has the key. */
function keysetUnwrapped({ id, key }: PlacedService, { names }: Deployment): readonly AuditRule[] {
  if (!isInKeyset(key)) return [];
  const detail = { resources: { ARN: [kekArn(key)] }, ...issuerOtherThan([names.roleArn(id, 'task')]) };
  return [
    {
      id: `key-secret-of-${id}`,
      description: `Somebody but its service unwrapped the key of ${id}, or tried`,
      pattern: kms(['Decrypt'], detail),
      runbook: 'alarm-key-secret-read',
      alarming: true,
    },
  ];
}

export const keyEnd: AuditRule = {
  id: 'key-end',
  description: 'A key was disabled or is to be deleted',
  pattern: kms(['ScheduleKeyDeletion', 'DisableKey', 'DisableKeyRotation', 'DeleteImportedKeyMaterial']),
  runbook: 'alarm-key-end',
  alarming: true,
};

/** A key is disabled where its service was taken over: to enable it is to go on signing. */
export const keyReturn: AuditRule = {
  id: 'key-return',
  description: 'A key was enabled again, or its deletion called off',
  pattern: kms(['EnableKey', 'CancelKeyDeletion']),
  runbook: 'alarm-key-return',
  alarming: true,
};

export const keyChange: AuditRule = {
  id: 'key-change',
  description: 'The policy of a key was changed, or permission given past it',
  pattern: kms(['PutKeyPolicy', 'CreateGrant', 'ReplicateKey', 'UpdatePrimaryRegion', 'UpdateAlias', 'DeleteAlias']),
  runbook: 'alarm-key-change',
  alarming: true,
};

function kms(eventName: readonly string[], more: Readonly<Record<string, unknown>> = {}): AuditRule['pattern'] {
  return { source: ['aws.kms'], detail: { eventSource: ['kms.amazonaws.com'], eventName, ...more } };
}
