import { ToolkitError } from '../../../src/core/error.ts';
import { type Fetch, request } from '../../../src/core/http.ts';
import type { Store } from '../../../src/core/store.ts';
import { maxNoteBytes } from '../../../src/tlog/note.ts';
import type { TileReader } from '../../../src/tlog/tiles.ts';
import { parseTrustedRoot, trustedRootFile } from '../../../src/trust/trusted-root.ts';
import { httpReader } from '../../../src/tuf/reader.ts';
import { verifyRepository } from '../../../src/tuf/repository.ts';
import { type DeployedLog, knownLog, readUrl, unwatchedLogs } from '../runtime/known-logs.ts';
import { type FunctionLog, worstOf } from '../runtime/run-function.ts';
import { checkLog, type LogStanding } from './check-log.ts';
import { certificatesLogged } from './issued-certificates.ts';

export interface MonitorOptions {
  readonly tufUrl: string;
  readonly pinnedRoot: Uint8Array;
  readonly logs: readonly DeployedLog[];
  readonly memory: Store;
  readonly now: Date;
  readonly fetch?: Fetch;
}

/**
 * Looks at every log, also where one fails, and throws what weighs most of what it found.
 * @throws as `checkLog` and `verifyRepository`; OPS_LOG_UNTRUSTED, OPS_LOG_UNWATCHED
 */
export async function monitorLogs(
  options: MonitorOptions,
  log: FunctionLog,
): Promise<{ readonly logs: readonly LogStanding[] }> {
  const trusted = await readTrustedRoot(options);
  const failures: unknown[] = [];
  const standings: LogStanding[] = [];
  for (const deployed of options.logs) {
    try {
      const read = readerOf(deployed, options.fetch);
      standings.push(await checkLog({ log: knownLog(deployed, trusted), read, memory: options.memory }));
      log.measure(failureMetric(deployed, 0));
    } catch (error) {
      log.fail(error);
      log.measure(failureMetric(deployed, 1));
      failures.push(error);
    }
  }
  for (const { service, size } of standings) {
    log.measure({ name: 'LogSize', value: size, unit: 'Count', of: { Log: service } });
  }
  const failure = await measureIssued(standings, options, log);
  if (failure) failures.push(failure);
  const unwatched = unwatchedLogs(options.logs, trusted, options.now);
  if (unwatched.length > 0) {
    const error = unwatchedError(unwatched);
    log.fail(error);
    failures.push(error);
  }
  if (failures.length > 0) throw worstOf(failures);
  return { logs: standings };
}

/** Where one CT log was not seen, what was issued is not known. */
async function measureIssued(standings: readonly LogStanding[], options: MonitorOptions, log: FunctionLog) {
  const ctLogs = options.logs.filter(({ kind }) => kind === 'ct').map(({ service }) => service);
  const seen = standings.filter(({ service }) => ctLogs.includes(service));
  if (seen.length === 0 || seen.length < ctLogs.length) return undefined;
  try {
    const metric = await certificatesLogged(seen, options);
    if (metric) log.measure(metric);
  } catch (error) {
    log.fail(error);
    return error;
  }
  return undefined;
}

/** 404 says that a file is not there; anything else but 200 says nothing. */
export function readerOf(log: DeployedLog, fetch?: Fetch): TileReader {
  return async (path) => {
    const url = readUrl(log, path);
    const answer = await request(url, { maxBytes: maxNoteBytes, ...(fetch && { fetch }) });
    if (answer.status === 200) return answer.body;
    if (answer.status === 404) return undefined;
    throw new ToolkitError('CORE_HTTP_STATUS', {
      message: `${url}: expected status 200, or 404 for a file that is not there, got ${answer.status}`,
      fault: 'environment',
      data: { url, status: answer.status },
      hint: 'check the URL; if it is right, the log of its server says more',
    });
  };
}

async function readTrustedRoot({ tufUrl, pinnedRoot, now, fetch }: MonitorOptions) {
  const repository = await verifyRepository({ read: httpReader(tufUrl, fetch ? { fetch } : {}), pinnedRoot, now });
  const file = repository.targetFiles.get(trustedRootFile);
  if (file) return parseTrustedRoot(file, trustedRootFile);
  throw new ToolkitError('OPS_NO_TRUSTED_ROOT', {
    message: `${tufUrl}: expected the target ${trustedRootFile}, found none`,
    fault: 'input',
    data: { url: tufUrl },
    hint: 'publish it in a ceremony: without it no client can verify',
  });
}

function failureMetric({ service }: DeployedLog, value: 0 | 1) {
  return { name: 'MonitorFailure', value, unit: 'Count', of: { Log: service } } as const;
}

function unwatchedError(origins: readonly string[]): ToolkitError {
  return new ToolkitError('OPS_LOG_UNWATCHED', {
    message: `${origins.join(', ')}: expected every log that clients trust to be watched, nobody watches these`,
    fault: 'input',
    data: { origins },
    hint: 'put the shard back into sigstead.yaml and deploy, or end its period in the trusted root in a ceremony',
  });
}
