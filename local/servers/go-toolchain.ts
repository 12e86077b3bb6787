import { utf8 } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { isJsonObject, parseJsonObject } from '../../src/core/json.ts';
import { findProgram } from '../../src/process/find-program.ts';
import { runProgram } from '../../src/process/run-program.ts';

/** The Go command of this machine, and the environment in which it builds our servers. */
export interface GoToolchain {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
}

/** From this version on, Go fetches the toolchain that a module asks for. */
const oldest = { major: 1, minor: 21 };

/** Variables of the user that downloads and builds need; all others stay behind. */
const inherited =
  /^(HOME|PATH|USER|LOGNAME|TMPDIR|NETRC|SSH_AUTH_SOCK|XDG_(CONFIG|CACHE)_HOME|SSL_CERT_(FILE|DIR)|GIT_SSL_CAINFO|(https?|all|no)_proxy)$/i;

/**
 * Settings of Go that say where modules come from, how they are checked and where they are kept. They may stand in
 * the environment or in the file that `go env -w` writes.
 */
const settings = [
  ...['GOPROXY', 'GOPRIVATE', 'GONOPROXY', 'GOINSECURE', 'GOVCS', 'GOAUTH'],
  ...['GOSUMDB', 'GONOSUMDB', 'GOPATH', 'GOMODCACHE', 'GOCACHE'],
];

/**
 * Finds Go on the PATH of `env`.
 * @throws LOCAL_GO_MISSING, LOCAL_GO_TOO_OLD, LOCAL_GO_UNUSABLE
 */
export async function findGo(env: NodeJS.ProcessEnv): Promise<GoToolchain> {
  const file = await findProgram('go', env['PATH'] ?? '');
  if (file === undefined) throw goMissing();
  const clean = pick(env, (name) => inherited.test(name));
  const version = await ask(file, ['version'], clean);
  if (isTooOld(version, file)) throw goTooOld(version.trim(), file);
  const own = pick(env, (name) => settings.includes(name) || name === 'GOENV');
  const answer = await ask(file, ['env', '-json', ...settings], { ...clean, ...own });
  return { file, env: { ...clean, ...parseSettings(answer, file), ...ourSettings } };
}

/**
 * Settings that are ours, whatever the user's are: flags and workspaces of theirs would build something else, or
 * nothing. Their file of settings is switched off because an empty GOFLAGS does not outweigh one in it.
 */
const ourSettings = {
  GOENV: 'off',
  GOFLAGS: '',
  GOWORK: 'off',
  GOTOOLCHAIN: 'auto',
  CGO_ENABLED: '0',
} as const;

async function ask(file: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  // Outside of any module, and with the toolchain that is installed: the question is what that one is.
  const ran = await runProgram({ file, args, env: { ...env, GOTOOLCHAIN: 'local' }, cwd: '/', timeoutMs: 30_000 });
  if (ran.exitCode === 0) return ran.stdout;
  throw goUnusable(file, `go ${args[0]} failed: ${ran.stderr.trim().slice(0, 500)}`);
}

/** Parses `go version go1.26.8 linux/amd64`, also of betas, and of builds from source (`devel go1.27-…`). */
function isTooOld(answer: string, file: string): boolean {
  const [, major, minor] = /^go version (?:devel )?go(\d{1,3})\.(\d{1,3})\D[^\n]*\/\w+\n?$/.exec(answer) ?? [];
  if (major === undefined) throw goUnusable(file, `go version answered ${JSON.stringify(answer.slice(0, 200))}`);
  return Number(major) < oldest.major || (Number(major) === oldest.major && Number(minor) < oldest.minor);
}

function parseSettings(answer: string, file: string): Readonly<Record<string, string>> {
  const parsed = parseJsonObject(utf8(answer), { what: `${file} env -json`, maxBytes: 1 << 20 });
  if (!isJsonObject(parsed)) throw goUnusable(file, 'go env did not answer with an object');
  return pick(parsed, (name) => settings.includes(name));
}

/** Returns the entries that have a text and a name that is wanted. */
function pick(from: Readonly<Record<string, unknown>>, wanted: (name: string) => boolean): Record<string, string> {
  const entries = Object.entries(from).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '' && wanted(entry[0]),
  );
  return Object.fromEntries(entries);
}

const howToInstall =
  'install Go 1.21 or later (1.26 saves a download): https://go.dev/doc/install, or brew install go, or ' +
  'apt install golang-go where that is new enough; or set SIGSTEAD_SERVERS to a directory of ready-made binaries';

function goMissing(): ToolkitError {
  return new ToolkitError('LOCAL_GO_MISSING', {
    message: 'the servers have to be built, and there is no go on PATH',
    fault: 'environment',
    hint: howToInstall,
  });
}

function goTooOld(version: string, file: string): ToolkitError {
  return new ToolkitError('LOCAL_GO_TOO_OLD', {
    message: `${file}: expected Go ${oldest.major}.${oldest.minor} or later, got ${version}`,
    fault: 'environment',
    data: { file, version },
    hint: howToInstall,
  });
}

function goUnusable(file: string, problem: string): ToolkitError {
  return new ToolkitError('LOCAL_GO_UNUSABLE', {
    message: `${file}: ${problem}`,
    fault: 'environment',
    data: { file },
    hint: `see what it answers: ${file} version; then ${howToInstall}`,
  });
}
