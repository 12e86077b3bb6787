import { join } from 'node:path';
import type { KeyStore } from '../../local/key-store.ts';
import type { StateDirectory } from '../../local/state.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { type Fault, ToolkitError } from '../../src/core/error.ts';
import { makePrivateDirectory } from '../../src/core/files.ts';
import { parseJson } from '../../src/core/json.ts';
import { printable } from '../../src/core/printable.ts';
import { assertRead, boolean, count, object, oneOf, optional, readShape, text } from '../../src/core/shape.ts';
import { makeFifo, serveFifo } from '../../src/process/fifo.ts';
import { type ProgramResult, runProgram } from '../../src/process/run-program.ts';
import type { LogShard } from './log-shards.ts';

/** The program reads the whole log. */
const timeoutMs = 3_600_000;
const keyTimeoutMs = 30_000;
const maxDocumentBytes = 65_536;

/** By the exit codes of the toolkit, which are the program's too. */
const faults: Readonly<Partial<Record<number, Fault>>> = { 3: 'input', 4: 'evidence', 5: 'environment' };

const shape = object({
  origin: text,
  kind: oneOf('rekor', 'ct'),
  size: count,
  rootHash: text,
  /** The file of the log that says that it is frozen. */
  file: oneOf('checkpoint', 'frozen'),
  /** Absent if it was only checked. */
  frozenAt: optional(text),
  /** It was frozen before. */
  already: boolean,
});

/** What the program says of a log. */
export type FrozenLog = ReturnType<typeof shape>;

export interface FreezeOptions {
  readonly program: string;
  readonly state: StateDirectory;
  readonly keys: KeyStore;
  /** Prove that it could be frozen, and write nothing. */
  readonly check: boolean;
  readonly signal: AbortSignal;
}

/**
 * Proves that a log is whole, and ends it with the log's own key. The caller holds the state directory, and no server
 * of the instance runs.
 * @throws OPS_FREEZE_REFUSED, whose fault says who has to act
 */
export async function runFreezeLog(log: LogShard, options: FreezeOptions): Promise<FrozenLog> {
  const { state, keys, signal } = options;
  await makePrivateDirectory(state.run);
  const pipe = join(state.run, `freeze-${log.id}.pipe`);
  const pem = await keys.decrypted(log.id, 'pkcs8');
  await makeFifo(pipe);
  // Each ends the other: a program that gave up reads no key, and one that gets none would wait for ever.
  const [ended, unread] = [new AbortController(), new AbortController()];
  const handing = serveFifo(pipe, pem, {
    timeoutMs: keyTimeoutMs,
    signal: AbortSignal.any([signal, ended.signal]),
  }).catch((error: unknown) => unread.abort(error));
  try {
    const ran = await runProgram({
      file: options.program,
      args: argumentsOf(log, pipe, options),
      timeoutMs,
      signal: AbortSignal.any([signal, unread.signal]),
    });
    return resultOf(log, ran);
  } finally {
    ended.abort();
    await handing;
  }
}

function argumentsOf({ kind, shard, id }: LogShard, pipe: string, { state, check }: FreezeOptions): readonly string[] {
  return [
    `--kind=${kind}`,
    `--origin=${shard.origin}`,
    `--directory=${state.dataOf(id)}`,
    `--key-file=${pipe}`,
    // Nobody has to be watched for: the lock of the state directory is ours, and no process carries its marker.
    '--quiet-period=0s',
    ...(check ? ['--check'] : []),
  ];
}

/** Its last words are one document, or `error:` and `hint:`. */
function resultOf({ id }: LogShard, { exitCode, stdout, stderr }: ProgramResult): FrozenLog {
  if (exitCode === 0) {
    const document = parseJson(utf8(stdout), { what: 'freeze-log', maxBytes: maxDocumentBytes });
    return assertRead(readShape(shape, document), {
      code: 'OPS_FREEZE_REFUSED',
      what: 'freeze-log',
      hint: 'a program of another version answered; unset SIGSTEAD_SERVERS to have ours built',
    });
  }
  const said = (word: string) => new RegExp(`^freeze-log: ${word}: (.{1,2000})$`, 'm').exec(stderr)?.[1];
  throw new ToolkitError('OPS_FREEZE_REFUSED', {
    message: `${id}: ${printable(said('error') ?? `freeze-log ended with exit code ${exitCode}`)}`,
    fault: faults[exitCode] ?? 'environment',
    data: { service: id, exitCode },
    hint: printable(said('hint') ?? 'nothing was frozen; see docs/errors.md, and run it again'),
  });
}
