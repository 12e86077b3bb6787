import { ToolkitError } from '../../../src/core/error.ts';
import { list, object, oneOf, type Read, text } from '../../../src/core/shape.ts';
import { ctNoteVerifier } from '../../../src/tlog/ct-key.ts';
import type { NoteVerifier } from '../../../src/tlog/note.ts';
import { rekorNoteVerifier } from '../../../src/tlog/rekor-key.ts';
import { isValidAt } from '../../../src/trust/period.ts';
import type { TrustedLog, TrustedRootView } from '../../../src/trust/trusted-root.ts';

/** A log as the deployment knows it. Its key comes from what is published. */
export interface DeployedLog {
  /** Id of the service, e.g. `rekor-log2026-1`. */
  readonly service: string;
  readonly kind: 'rekor' | 'ct';
  readonly origin: string;
  /** Where its read path is, without a slash at the end. */
  readonly url: string;
}

/** A log whose checkpoints can be verified. */
export interface KnownLog extends DeployedLog {
  readonly verifier: NoteVerifier;
}

/** Form of the variable `LOGS`. */
export const logsShape: Read<readonly DeployedLog[]> = list(
  object({ service: text, kind: oneOf('rekor', 'ct'), origin: text, url: text }),
);

/** Returns the URL of a file of a log's read path. Clients of Rekor read below its API. */
export function readUrl({ kind, url }: DeployedLog, path: string): string {
  return kind === 'rekor' ? `${url}/api/v2/${path}` : `${url}/${path}`;
}

/**
 * Gives a deployed log the key that clients trust it by.
 * @throws OPS_LOG_UNTRUSTED if clients know no such log
 */
export function knownLog(log: DeployedLog, trusted: TrustedRootView): KnownLog {
  const entry = entriesOf(trusted, log.kind).find((candidate) => originOf(candidate) === log.origin);
  if (entry === undefined) throw untrusted(log);
  const verifierOf = log.kind === 'rekor' ? rekorNoteVerifier : ctNoteVerifier;
  return { ...log, verifier: verifierOf(log.origin, entry.publicKey) };
}

/** Returns the origins of logs that clients trust now and nobody watches: what they hold, nobody would notice. */
export function unwatchedLogs(logs: readonly DeployedLog[], trusted: TrustedRootView, now: Date): readonly string[] {
  return (['rekor', 'ct'] as const).flatMap((kind) =>
    entriesOf(trusted, kind)
      .filter(({ validFor }) => isValidAt(validFor, now))
      .map(originOf)
      .filter((origin) => !logs.some((log) => log.kind === kind && log.origin === origin)),
  );
}

function entriesOf(trusted: TrustedRootView, kind: DeployedLog['kind']): readonly TrustedLog[] {
  return kind === 'rekor' ? trusted.tlogs : trusted.ctlogs;
}

/** Clients take the host of `baseUrl` as the name that signs checkpoints. */
function originOf({ baseUrl }: TrustedLog): string {
  return new URL(baseUrl).host;
}

function untrusted({ service, origin }: DeployedLog): ToolkitError {
  return new ToolkitError('OPS_LOG_UNTRUSTED', {
    message: `${service}: expected an entry for ${origin} in the published trusted root, found none`,
    fault: 'input',
    data: { service, origin },
    hint: 'publish the trusted root with this log in a ceremony, or deploy without the log',
  });
}
