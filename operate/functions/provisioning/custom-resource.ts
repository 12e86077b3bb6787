import { setTimeout as sleep } from 'node:timers/promises';
import { ToolkitError } from '../../../src/core/error.ts';
import type { Fetch } from '../../../src/core/http.ts';

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html */
export interface CustomResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Readonly<Record<string, unknown>>;
  readonly OldResourceProperties?: Readonly<Record<string, unknown>>;
}

export type CustomResourceResult =
  | { readonly status: 'SUCCESS'; readonly physicalId: string }
  | { readonly status: 'FAILED'; readonly physicalId: string; readonly reason: string };

/** CloudFormation reads at most 4 KiB of an answer. */
const maxReason = 1_500;
const attempts = 3;
const timeoutMs = 15_000;

/**
 * Tells CloudFormation how a request ended. One that is never told waits for an hour.
 * @throws OPS_RESOURCE_UNANSWERED
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
 */
export async function respond(
  event: CustomResourceEvent,
  result: CustomResourceResult,
  options: { readonly fetch?: Fetch; readonly pauseMs?: number } = {},
): Promise<void> {
  // The URL is signed for an answer without a content type: bytes have none, a text would.
  const body = new TextEncoder().encode(JSON.stringify(answerOf(event, result)));
  let last: unknown;
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    if (attempt > 1) await sleep(options.pauseMs ?? 1_000);
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await (options.fetch ?? fetch)(event.ResponseURL, { method: 'PUT', body, signal });
      await response.body?.cancel();
      if (response.ok) return;
      last = new Error(`status ${response.status}`);
    } catch (error) {
      last = error;
    }
  }
  throw new ToolkitError('OPS_RESOURCE_UNANSWERED', {
    message: `${event.LogicalResourceId}: expected CloudFormation to take the answer ${result.status}, it did not in ${attempts} attempts`,
    fault: 'environment',
    data: { resource: event.LogicalResourceId, status: result.status },
    hint: 'the function must reach the bucket of the answer: allow cloudformation-custom-resource-response-REGION in the policy of the S3 endpoint',
    cause: last,
  });
}

function answerOf(event: CustomResourceEvent, result: CustomResourceResult) {
  const { StackId, RequestId, LogicalResourceId } = event;
  return {
    Status: result.status,
    ...(result.status === 'FAILED' && { Reason: result.reason.slice(0, maxReason) }),
    PhysicalResourceId: result.physicalId,
    ...{ StackId, RequestId, LogicalResourceId },
  };
}
