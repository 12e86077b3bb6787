import { awsErrorName, awsFailureOf } from '../core/aws.ts';
import { describeCause, ToolkitError } from '../core/error.ts';

export type KmsOperation = 'GetPublicKey' | 'Sign';

/** Runs one operation of AWS KMS; the only place where what the SDK throws becomes an error of ours. */
export async function atKms<T>(uri: string, operation: KmsOperation, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw asKmsError(cause, { uri, operation });
  }
}

interface Context {
  readonly uri: string;
  readonly operation: KmsOperation;
}

function asKmsError(cause: unknown, context: Context): ToolkitError {
  const name = awsErrorName(cause);
  if (['NotFoundException', 'InvalidArnException'].includes(name)) return notFound(cause, context);
  if (['DisabledException', 'KMSInvalidStateException'].includes(name)) return notEnabled(cause, context);
  if (['InvalidKeyUsageException', 'UnsupportedOperationException'].includes(name))
    return notForSigning(cause, context);
  const failure = awsFailureOf(cause);
  if (failure === 'denied') return denied(cause, context);
  if (failure === 'unconfigured') return unconfigured(cause, context);
  return failure === 'throttled' ? throttled(cause, context) : failed(cause, context);
}

function notFound(cause: unknown, { uri, operation }: Context): ToolkitError {
  return new ToolkitError('KEY_KMS_NOT_FOUND', {
    message: `${uri}: AWS KMS knows no such key in this region`,
    fault: 'input',
    data: { uri, operation },
    hint: 'name the key by its ARN: it says which account and region the key is in',
    cause,
  });
}

function notEnabled(cause: unknown, { uri, operation }: Context): ToolkitError {
  return new ToolkitError('KEY_KMS_NOT_ENABLED', {
    message: `${uri}: the key is disabled, waits for its deletion, or has no key material yet`,
    fault: 'environment',
    data: { uri, operation },
    hint: 'find out who did that and why before you enable the key again (CloudTrail: DisableKey, ScheduleKeyDeletion)',
    cause,
  });
}

function notForSigning(cause: unknown, { uri, operation }: Context): ToolkitError {
  return new ToolkitError('KEY_KMS_USAGE', {
    message: `${uri}: AWS KMS refuses ${operation} with this kind of key`,
    fault: 'input',
    data: { uri, operation },
    hint: 'use a key that was made with usage SIGN_VERIFY and spec ECC_NIST_P256',
    cause,
  });
}

function denied(cause: unknown, { uri, operation }: Context): ToolkitError {
  return new ToolkitError('KEY_KMS_DENIED', {
    message: `${uri}: AWS KMS does not let these credentials do ${operation}`,
    fault: 'environment',
    data: { uri, operation },
    hint: 'run as the role that may sign with this key; the key policy has to allow it kms:GetPublicKey and kms:Sign',
    cause,
  });
}

function unconfigured(cause: unknown, { uri, operation }: Context): ToolkitError {
  return new ToolkitError('KEY_KMS_UNCONFIGURED', {
    message: `${uri}: the AWS SDK found no region, or no credentials that AWS KMS takes`,
    fault: 'environment',
    data: { uri, operation },
    hint: 'log in again, or name AWS_PROFILE, or run as a role; name the key by its ARN, or set AWS_REGION',
    cause,
  });
}

function throttled(cause: unknown, { uri, operation }: Context): ToolkitError {
  return new ToolkitError('KEY_KMS_THROTTLED', {
    message: `${uri}: AWS KMS takes no more requests for now`,
    fault: 'environment',
    data: { uri, operation },
    hint: 'try again later; the account shares its request quota among all keys of the region',
    cause,
  });
}

function failed(cause: unknown, { uri, operation }: Context): ToolkitError {
  return new ToolkitError('KEY_KMS_FAILED', {
    message: `${uri}: ${operation} failed at AWS KMS (${describeCause(cause)})`,
    fault: 'environment',
    data: { uri, operation },
    hint: 'check that this machine reaches the endpoint of AWS KMS in that region, and try again',
    cause,
  });
}
