/** What the clients of AWS's services have in common. The services themselves are known where their keys and files are. */

import { isError } from './error.ts';

/** Every client gets these: an attempt, and their number, are bounded. */
export const awsClientLimits = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 15_000, throwOnRequestTimeout: true },
} as const;

/** Bounds one operation with all its attempts, until the last byte of the answer. */
export function awsDeadline(): AbortSignal {
  return AbortSignal.timeout(60_000);
}

/** Why AWS did nothing, as far as every service says it alike. */
export type AwsFailure = 'denied' | 'unconfigured' | 'throttled' | 'other';

const unconfigured = new Set([
  'CredentialsProviderError',
  'TokenProviderError',
  'AuthFailure',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'InvalidToken',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);

const throttled = new Set([
  'LimitExceededException',
  'RequestLimitExceeded',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

/** Tells what the SDK threw by its name and status: an error of another realm is no instance of its class. */
export function awsFailureOf(error: unknown): AwsFailure {
  const name = awsErrorName(error);
  const isRegionMissing = isError(error) && error.message.startsWith('Region is missing');
  if (unconfigured.has(name) || isRegionMissing) return 'unconfigured';
  if (throttled.has(name) || awsStatus(error) === 429) return 'throttled';
  return awsStatus(error) === 403 || name.startsWith('AccessDenied') ? 'denied' : 'other';
}

/** Returns the name that the service, or the SDK, gave to an error; empty if there is none. */
export function awsErrorName(error: unknown): string {
  return isError(error) ? error.name : '';
}

/** Returns the HTTP status of the answer that an error stands for, if there was one. */
export function awsStatus(error: unknown): number | undefined {
  if (!isError(error)) return undefined;
  return (error as Error & { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}
