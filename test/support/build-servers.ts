import { serverPackages } from '../../local/servers/packages.ts';
import { ensureServers, type ServerName } from '../../local/servers.ts';
import { TerminalProgress } from '../../src/cli/progress.ts';

/*
 * Builds every server and cosign where they are missing, before the tests that use them: no test could tell a
 * build of minutes from a server that hangs.
 */
await ensureServers(Object.keys(serverPackages) as ServerName[], {
  env: process.env,
  progress: new TerminalProgress(process.stderr),
});
