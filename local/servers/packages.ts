import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseUtf8 } from '../../src/core/bytes.ts';
import { readFileCapped } from '../../src/core/files.ts';
import type { ServiceProgram } from '../../src/services/service.ts';

/**
 * What is built besides the servers: a client, what starts a server in a container, what ends a log, what guards one,
 * what reaches an HSM, what makes images.
 */
export type ToolName = 'cosign' | 'entry' | 'freeze-log' | 'write-gate' | 'sigstore-kms-pkcs11' | 'crane';

export type ServerName = ServiceProgram | ToolName;

export interface ServerPackage {
  /** The Go package of its main function. */
  readonly package: string;
  /** It loads C code, so it is linked to the C library of the machine that builds it. @default false */
  readonly cgo?: boolean;
  /** The upstream module whose version in `go.mod` is the server's version. */
  readonly module: string;
}

export type ServerPackages = Readonly<Partial<Record<ServerName, ServerPackage>>>;

const fulcio = 'github.com/sigstore/fulcio';
const rekor = 'github.com/sigstore/rekor-tiles/v2';
const tesseract = 'github.com/transparency-dev/tesseract';
const timestampAuthority = 'github.com/sigstore/timestamp-authority/v2';
const tessera = 'github.com/transparency-dev/tessera';
const sigstore = 'github.com/sigstore/sigstore';
const cosign = 'github.com/sigstore/cosign/v3';
const containerRegistry = 'github.com/google/go-containerregistry';

/** What is built for each name. Several upstream mains are called `posix` or `aws`, so the names are ours. */
export const serverPackages: Readonly<Record<ServerName, ServerPackage>> = {
  tesseract: { package: `${tesseract}/cmd/tesseract/posix`, module: tesseract },
  rekor: { package: `${rekor}/cmd/rekor-server/posix`, module: rekor },
  fulcio: { package: fulcio, module: fulcio },
  // Our thin main: upstream's own claims port 2112 on every interface (servers/README.md).
  'timestamp-server': { package: './cmd/timestamp-server', module: timestampAuthority },
  'tesseract-aws': { package: `${tesseract}/cmd/tesseract/aws`, module: tesseract },
  'rekor-aws': { package: `${rekor}/cmd/rekor-server/aws`, module: rekor },
  'timestamp-server-aws': { package: `${timestampAuthority}/cmd/timestamp-server`, module: timestampAuthority },
  // Our main over upstream's library, which can hold its key in KMS (docs/adr/0015).
  'ct-log': { package: './cmd/ct-log', module: tesseract },
  entry: { package: './cmd/entry', module: tessera },
  'freeze-log': { package: './cmd/freeze-log', module: tessera },
  'write-gate': { package: './cmd/write-gate', module: rekor },
  // The plug-in of the servers' keys in an HSM (docs/adr/0016).
  'sigstore-kms-pkcs11': { package: './cmd/sigstore-kms-pkcs11', module: sigstore, cgo: true },
  cosign: { package: `${cosign}/cmd/cosign`, module: cosign },
  crane: { package: `${containerRegistry}/cmd/crane`, module: containerRegistry },
};

/** The Go module of this checkout. */
export const serversModule = fileURLToPath(new URL('../../servers', import.meta.url));

/** Returns the version of each module that a Go module requires, e.g. `v1.8.8`. */
export async function moduleVersions(moduleDirectory: string): Promise<ReadonlyMap<string, string>> {
  const path = join(moduleDirectory, 'go.mod');
  return parseRequirements(parseUtf8(await readFileCapped(path, 1 << 20), path));
}

/** Parses the `require` lines of a go.mod, alone or in a block. */
export function parseRequirements(goMod: string): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  let block = '';
  for (const line of goMod.split('\n')) {
    const words = line
      .replace(/\/\/.*$/, '')
      .trim()
      .split(/\s+/);
    if (words[0] === ')') block = '';
    const [path, version] = block === 'require' ? words : words[0] === 'require' ? words.slice(1) : [];
    if (path !== undefined && version !== undefined) versions.set(path, version);
    if (words.at(-1) === '(') block = words[0] ?? '';
  }
  return versions;
}
