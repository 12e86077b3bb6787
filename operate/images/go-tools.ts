import { findGo, type GoToolchain } from '../../local/servers/go-toolchain.ts';
import { serversModule } from '../../local/servers/packages.ts';
import type { Environment } from '../../src/cli/command.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { parseJsonObject } from '../../src/core/json.ts';
import { type ProgramResult, runProgram } from '../../src/process/run-program.ts';
import { lastLines } from '../clients/verdict.ts';
import { type BuildInfo, parseBuildInfo } from './build-info.ts';
import { parseScan, type Scan } from './vulnerabilities.ts';

/** Go's own scanner, by version: `go run` takes it from the module proxy, and the checksum database judges it. */
export const scanner = {
  name: 'govulncheck',
  package: 'golang.org/x/vuln/cmd/govulncheck',
  version: 'v1.9.0',
} as const;

const timeoutMs = 5 * 60_000;
const maxOutputBytes = 64 << 20;

/** What was found, or why nobody knows. The two are never the same. */
export type ScanOutcome = { readonly scan: Scan } | { readonly notChecked: string };

/** Asks the Go of this machine about binaries. */
export class GoTools {
  readonly #go: GoToolchain;
  readonly #signal: AbortSignal;

  private constructor(go: GoToolchain, signal: AbortSignal) {
    this.#go = go;
    this.#signal = signal;
  }

  /** @throws LOCAL_GO_MISSING, LOCAL_GO_TOO_OLD, LOCAL_GO_UNUSABLE */
  static async find(environment: Environment, signal: AbortSignal): Promise<GoTools> {
    return new GoTools(await findGo(environment), signal);
  }

  /** @throws OPS_IMAGE_PROGRAM if it is no binary that Go built */
  async buildInfo(path: string): Promise<BuildInfo> {
    // In our module, because that asks for a Go that knows -json.
    const ran = await this.#run(['version', '-m', '-json', path], serversModule);
    if (ran.exitCode === 0 && ran.stdout.trim() !== '') {
      return parseBuildInfo(parseJsonObject(utf8(ran.stdout), { what: `go version -m ${path}`, maxBytes: 8 << 20 }));
    }
    throw new ToolkitError('OPS_IMAGE_PROGRAM', {
      message: `${path}: expected a program that Go built: ${lastLines(ran)}`,
      fault: 'input',
      data: { path },
      hint: 'put the program of this name there, or unset SIGSTEAD_SERVERS to have it built',
    });
  }

  /** Looks up what a binary was compiled from. That the database cannot be reached is an answer, not an error. */
  async scan(path: string, database: string | undefined): Promise<ScanOutcome> {
    const args = ['run', `${scanner.package}@${scanner.version}`, '-mode=binary', '-format=json'];
    try {
      // Outside of our module: the scanner's own requirements are no part of the servers'.
      const ran = await this.#run([...args, ...(database === undefined ? [] : [`-db=${database}`]), path], '/');
      return ran.exitCode === 0 ? { scan: parseScan(ran.stdout) } : { notChecked: reasonOf(ran) };
    } catch (error) {
      // A network that swallows packets is as good as none.
      if (error instanceof ToolkitError && error.code === 'PROC_TIMEOUT') return { notChecked: error.message };
      throw error;
    }
  }

  async #run(args: readonly string[], cwd: string): Promise<ProgramResult> {
    const { file, env } = this.#go;
    return await runProgram({ file, args, env, cwd, timeoutMs, maxOutputBytes, signal: this.#signal });
  }
}

/** The last line but Go's own about the exit code. */
function reasonOf({ stderr, exitCode }: ProgramResult): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !/^exit status \d+$/.test(line));
  return lines.at(-1)?.trim() ?? `exit code ${exitCode}`;
}
