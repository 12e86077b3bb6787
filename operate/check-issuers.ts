import type { Talk } from '../src/cli/command.ts';
import type { InstanceConfig } from '../src/config/config.ts';
import { ToolkitError } from '../src/core/error.ts';
import { checkDiscovery } from '../src/identity/discovery.ts';
import { resolveIssuer } from '../src/identity/fulcio-config.ts';

const timeoutMs = 5_000;

/**
 * Asks each issuer outside this instance whether it is the issuer that the configuration names. One that cannot be
 * reached from here is a warning: Fulcio asks again when somebody signs.
 * @throws OIDC_ISSUER_MISMATCH, OIDC_INSECURE and what else `checkDiscovery` finds wrong
 */
export async function checkIssuers(config: InstanceConfig, talk: Talk): Promise<void> {
  const outside = config.issuers.filter((issuer) => issuer.preset !== 'local');
  await Promise.all(outside.map((issuer) => checkIssuer(resolveIssuer(issuer, '').issuerUrl, talk)));
}

async function checkIssuer(url: string, talk: Talk): Promise<void> {
  try {
    await checkDiscovery(url, { timeoutMs });
  } catch (error) {
    if (!(error instanceof ToolkitError) || error.fault !== 'environment') throw error;
    talk.warn(`${error.message}; identities of this issuer cannot sign until it is reachable from this machine`);
  }
}
