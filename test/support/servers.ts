import { ensureServers, type ServerName } from '../../local/servers.ts';
import { silentProgress } from '../../src/core/progress.ts';

/** Returns the path of a real server's binary, built if it is missing. */
export async function serverPath(name: ServerName): Promise<string> {
  const servers = await ensureServers([name], { env: process.env, progress: silentProgress });
  return servers.get(name) ?? name;
}
