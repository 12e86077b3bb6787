import { networkInterfaces } from 'node:os';
import type { Invocation, OptionSpec } from '../../src/cli/command.ts';
import { ToolkitError } from '../../src/core/error.ts';

export const networkOption = {
  'allow-network': { type: 'boolean', help: 'go on although this machine has a network' },
} as const satisfies Record<string, OptionSpec>;

/**
 * Passes if no network interface but loopback has an address, or the holder says that this is meant.
 * @throws CER_NETWORK_UP
 */
export function assertOffline(
  { options, talk }: Pick<Invocation, 'options' | 'talk'>,
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): void {
  const up = Object.entries(interfaces).filter(([, addresses]) => addresses?.some(({ internal }) => !internal));
  if (up.length === 0) return;
  const names = up.map(([name]) => name);
  if (options.flag('allow-network')) {
    talk.warn(`this machine has a network (${names.join(', ')}): whoever is on it may see and change what you see`);
    return;
  }
  throw new ToolkitError('CER_NETWORK_UP', {
    message: `expected a machine without a network, got ${names.join(', ')}`,
    fault: 'input',
    data: { interfaces: names },
    hint: 'take the machine off the network; or say that you know: --allow-network',
  });
}
