import { ToolkitError } from '../../src/core/error.ts';
import type { ProgramResult } from '../../src/process/run-program.ts';

interface Cause {
  readonly pattern: RegExp;
  readonly hint: string;
}

/** What the output of a failed build looks like, most specific first. */
const causes: readonly Cause[] = [
  {
    pattern: /no space left on device|disk quota exceeded/,
    hint: 'free some space (a first build needs about 4 GB for modules and compiled packages) and run it again',
  },
  {
    pattern: /toolchain not available|invalid toolchain|cannot find GOROOT|download go1\.\d/,
    hint: 'this Go cannot fetch the newer Go that servers/go.mod asks for: install that version from https://go.dev/doc/install',
  },
  {
    pattern: /missing go\.sum entry|updates to go\.mod needed/,
    hint: 'servers/go.mod and servers/go.sum do not belong together: restore both from the repository',
  },
  {
    pattern:
      /dial tcp|i\/o timeout|no such host|connection refused|connection reset|proxyconnect|TLS handshake|x509: |network is unreachable|unexpected EOF|\b(403|404|410|429|50[0-4]) /,
    hint: 'a module could not be downloaded: check the network, HTTPS_PROXY and go env GOPROXY, and run the same command again; what was downloaded is kept',
  },
];

/** Returns the error for a build that ended with another exit code than 0. */
export function buildFailed(name: string, ran: ProgramResult): ToolkitError {
  const output = `${ran.stdout}${ran.stderr}`.trim();
  const end = output.split('\n').slice(-15).join('\n');
  if (/SECURITY ERROR|checksum mismatch/.test(output)) return wrongChecksum(name, end);
  const hint = causes.find((cause) => cause.pattern.test(output))?.hint;
  return new ToolkitError('LOCAL_BUILD_FAILED', {
    message: `${name}: go build ended with exit code ${ran.exitCode}; its last lines:\n${end}`,
    fault: 'environment',
    data: { server: name, exitCode: ran.exitCode },
    hint: hint ?? 'see CONTRIBUTING.md, or set SIGSTEAD_SERVERS to a directory of ready-made binaries',
  });
}

function wrongChecksum(name: string, end: string): ToolkitError {
  return new ToolkitError('LOCAL_MODULE_CHECKSUM', {
    message: `${name}: a downloaded module is not the one that servers/go.sum pins:\n${end}`,
    fault: 'evidence',
    data: { server: name },
    hint: 'somebody may have changed it on the way: find out which proxy served it (go env GOPROXY) before you go on',
  });
}
