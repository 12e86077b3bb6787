import { join } from 'node:path';
import type { StateDirectory } from '../../local/state.ts';
import type { InstanceConfig, LogShardConfig } from '../../src/config/config.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { pathExists, readFileIfPresent } from '../../src/core/files.ts';
import { printable } from '../../src/core/printable.ts';
import { ctLogId } from '../../src/services/ct-log.ts';
import { rekorId } from '../../src/services/rekor.ts';
import { checkpointPath, parseCheckpoint } from '../../src/tlog/checkpoint.ts';
import { maxNoteBytes, parseNote } from '../../src/tlog/note.ts';

/** How the line begins that ends a log; upstream's, as Rekor's clients know it. */
export const frozenPrefix = 'Log frozen — ';

/** The second signed note of a CT log, whose checkpoint can hold no such line. */
export const frozenPath = 'frozen';

/** A shard of either kind of log. */
export interface LogShard {
  /** Of its service. */
  readonly id: string;
  readonly kind: 'rekor' | 'ct';
  readonly shard: LogShardConfig;
  /** New entries go into the last shard of each kind. */
  readonly isLast: boolean;
}

export function logShards({ logs }: InstanceConfig): readonly LogShard[] {
  return [
    ...logs.rekor.map((shard) => shardOf('rekor', shard, logs.rekor)),
    ...logs.ct.map((shard) => shardOf('ct', shard, logs.ct)),
  ];
}

/**
 * Returns the shard that is called so in the configuration, or whose service is.
 * @throws OPS_UNKNOWN_SHARD
 */
export function findShard(config: InstanceConfig, wanted: string): LogShard {
  const known = logShards(config);
  const found = known.find(({ id, shard }) => shard.shard === wanted || id === wanted);
  if (found) return found;
  const names = known.map(({ shard }) => shard.shard);
  throw new ToolkitError('OPS_UNKNOWN_SHARD', {
    message: `${wanted}: ${config.file} has no log shard of this name`,
    fault: 'input',
    data: { wanted, known: names },
    hint: `one of: ${names.map(printable).join(', ')}`,
  });
}

/**
 * Returns the ids of the shards that are frozen. The logs themselves say so, so that a state directory that was copied
 * or restored says the same; nothing is verified, for what only looks frozen must not be written to either.
 */
export async function frozenLogs(config: InstanceConfig, state: StateDirectory): Promise<ReadonlySet<string>> {
  const shards = logShards(config);
  const frozen = await Promise.all(shards.map((shard) => isFrozen(shard, state)));
  return new Set(shards.filter((_, index) => frozen[index]).map(({ id }) => id));
}

/**
 * Passes if there is a log of each kind that new entries can go into.
 * @throws OPS_SHARD_FROZEN
 */
export function assertLogsOpen(config: InstanceConfig, frozen: ReadonlySet<string>): void {
  const ended = logShards(config).find(({ id, isLast }) => isLast && frozen.has(id));
  if (!ended) return;
  throw new ToolkitError('OPS_SHARD_FROZEN', {
    message: `${ended.shard.shard}: this log is frozen, and ${config.file} has no shard after it`,
    fault: 'input',
    data: { shard: ended.shard.shard, file: config.file },
    hint: 'a frozen log takes no entry ever again: add a shard behind it, or, where this version cannot add one to an instance that was up, start a new instance in another directory with --state',
  });
}

function shardOf(kind: LogShard['kind'], shard: LogShardConfig, all: readonly LogShardConfig[]): LogShard {
  const id = kind === 'rekor' ? rekorId(shard.shard) : ctLogId(shard.shard);
  return { id, kind, shard, isLast: shard === all.at(-1) };
}

async function isFrozen({ id, kind }: LogShard, state: StateDirectory): Promise<boolean> {
  const directory = state.dataOf(id);
  if (kind === 'ct') return await pathExists(join(directory, frozenPath));
  const bytes = await readFileIfPresent(join(directory, checkpointPath), maxNoteBytes);
  return bytes !== undefined && extensionsOf(bytes).some((line) => line.startsWith(frozenPrefix));
}

/** What is no checkpoint is for the drift gate to refuse, which says more about it. */
function extensionsOf(bytes: Uint8Array): readonly string[] {
  try {
    return parseCheckpoint(parseNote(bytes).text).extensions;
  } catch (error) {
    if (error instanceof ToolkitError) return [];
    throw error;
  }
}
