import type { LogShardConfig } from '../config/config.ts';
import { ToolkitError } from '../core/error.ts';
import { type FileSpec, type Flag, file, flag } from './service.ts';

const policyFile = 'witnesses.policy';

/**
 * Returns the policy of a shard's witnesses as a file of its server.
 * @throws SVC_WITNESSES if nobody read it: a server that was started without it would publish what nobody cosigned
 */
export function witnessFiles({ shard, witnesses }: LogShardConfig): readonly FileSpec[] {
  if (!witnesses) return [];
  if (witnesses.policy) return [{ name: policyFile, content: witnesses.policy.text }];
  throw new ToolkitError('SVC_WITNESSES', {
    message: `${shard}: expected the witness policy ${witnesses.file} to have been read`,
    fault: 'caller',
    data: { shard, file: witnesses.file },
  });
}

/** Returns the flag, which each server spells in its own way, that names the policy of a shard's witnesses. */
export function witnessFlags({ witnesses }: LogShardConfig, name: string): readonly Flag[] {
  return witnesses ? [flag(name, file(policyFile))] : [];
}
