import { type EventKind, eventKinds } from '../../src/config/intent.ts';
import { equalBytes, utf8 } from '../../src/core/bytes.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { type Format, formatDocument, parseFormatted } from '../../src/core/formatted.ts';
import { type JsonObject, toJson } from '../../src/core/json.ts';
import {
  boolean,
  count,
  instant,
  list,
  matching,
  object,
  oneOf,
  optional,
  type Read,
  sha256Text,
  text,
} from '../../src/core/shape.ts';
import { type RepositoryIdentity, repositoryId } from '../root-signing/identity.ts';

/** One file to be signed, as a plan names it. */
export interface PlanPayload {
  readonly role: 'root' | 'targets';
  readonly version: number;
  /** SHA-256 of the bytes to sign. */
  readonly sha256: string;
  readonly length: number;
}

/**
 * The plan of one event, as a file. Its digest is what holders compare first: it covers what is signed, for which
 * repository, on top of what, why, and by which policy.
 */
export interface PlanDocument {
  readonly repository: Pick<RepositoryIdentity, 'id' | 'name'>;
  readonly event: string;
  /** 1, and one more with each `amend`. */
  readonly revision: number;
  readonly kind: EventKind;
  readonly reason: string;
  readonly intentSha256: string;
  readonly policySha256: string;
  readonly planned: Date;
  /** Nobody signs or publishes it after this. */
  readonly signUntil: Date;
  /** What it builds on: versions and the SHA-256 of the signed bytes. Absent at genesis. */
  readonly base: PlanBase | undefined;
  readonly payloads: readonly PlanPayload[];
  /** How long a client that is kept from the new root may accept the old targets. Absent where nothing changes hands. */
  readonly exposedUntil: Date | undefined;
  readonly rehearsal: boolean;
}

export interface PlanBase {
  readonly root: BaseFile;
  readonly targets: BaseFile;
}

interface BaseFile {
  readonly version: number;
  readonly sha256: string;
}

const baseFile: Read<BaseFile> = object({ version: count, sha256: sha256Text });

/** Date and purpose: `2026-11-02-replace-alice`. */
export const eventName = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

const planFormat: Format<PlanDocument> = {
  name: 'sigstead-plan/v1',
  read: object({
    repository: object({ id: repositoryId, name: text }),
    event: matching(eventName, '1 to 64 characters a-z, 0-9 and "-"'),
    revision: count,
    kind: oneOf(...eventKinds),
    reason: text,
    intentSha256: sha256Text,
    policySha256: sha256Text,
    planned: instant,
    signUntil: instant,
    base: optional(object({ root: baseFile, targets: baseFile })),
    payloads: list(object({ role: oneOf('root', 'targets'), version: count, sha256: sha256Text, length: count })),
    exposedUntil: optional(instant),
    rehearsal: boolean,
  }),
  maxBytes: 65_536,
  code: 'CER_PLAN_FILE',
  hint: 'plan again, or put back the plan.json that was frozen',
};

export function formatPlan(plan: PlanDocument): string {
  const { planned, signUntil, exposedUntil, ...rest } = plan;
  const times = {
    planned: formatInstant(planned),
    signUntil: formatInstant(signUntil),
    ...(exposedUntil && { exposedUntil: formatInstant(exposedUntil) }),
  };
  return formatDocument(planFormat, toJson({ ...rest, ...times }) as JsonObject);
}

/**
 * Parses a plan. Bytes that we would write otherwise are refused: its digest is compared by people.
 * @throws CER_PLAN_FILE, CORE_JSON, CORE_TOO_LARGE
 */
export function parsePlan(bytes: Uint8Array, what: string): PlanDocument {
  const plan = parseFormatted(bytes, planFormat, what);
  if (equalBytes(utf8(formatPlan(plan)), bytes)) return plan;
  throw new ToolkitError(planFormat.code, {
    message: `${what}: expected the bytes as they were written, got other spaces, line ends or order`,
    fault: 'input',
    data: { what },
    hint: planFormat.hint,
  });
}

/** Returns what people compare to know that they have the same plan. */
export function planDigest(bytes: Uint8Array): string {
  return sha256Hex(bytes);
}
