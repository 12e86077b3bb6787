import type { InstanceConfig, KeySource } from '../src/config/config.ts';
import type { RootPolicy } from '../src/config/root-policy.ts';
import { ToolkitError } from '../src/core/error.ts';

/**
 * Passes if this machine can use every key where the configuration and the policy want it.
 * @throws LOCAL_KEY_SOURCE
 */
export function assertLocalKeys(config: InstanceConfig, policy: RootPolicy): void {
  const sources: readonly (readonly [string, string, KeySource])[] = [
    [config.file, 'fulcio.key', config.fulcio.key],
    ...config.logs.ct.map((entry) => [config.file, `logs.ct ${entry.shard}`, entry.key] as const),
    ...config.timestamps.map((entry) => [config.file, `timestamps ${entry.name}`, entry.key] as const),
    [policy.file, 'online.key', policy.online.key],
  ];
  for (const [file, where, source] of sources) {
    if (!source.startsWith('pkcs11:')) continue;
    throw new ToolkitError('LOCAL_KEY_SOURCE', {
      message: `${file}: ${where}: a PKCS#11 key cannot be used by a local instance of this version`,
      fault: 'input',
      data: { file, where },
      hint: 'write file (or awskms, which is an encrypted file on one machine) in the configuration that you start here',
    });
  }
}
