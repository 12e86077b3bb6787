import { serverPackages } from '../../local/servers/packages.ts';
import type { ServerName } from '../../local/servers.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../../src/core/json.ts';

/** A Go module that a binary was compiled from. */
export interface GoModule {
  readonly path: string;
  readonly version: string;
  /** The module's hash as go.sum has it (`h1:…`); our own module has none. */
  readonly sum?: string;
}

/** What Go wrote into a binary about itself. */
export interface BuildInfo {
  readonly goVersion: string;
  /** The package of its main function. */
  readonly mainPackage: string;
  readonly modules: readonly GoModule[];
  readonly settings: ReadonlyMap<string, string>;
}

/** The one platform of the images, as Go says it. */
export const platform = { os: 'linux', architecture: 'amd64' } as const;

const ownModule = 'sigstead.dev/servers';

/** Parses what `go version -m -json` printed. Replaced modules are told as what replaced them: that was compiled. */
export function parseBuildInfo(document: JsonObject): BuildInfo {
  const deps = Array.isArray(document['Deps']) ? document['Deps'] : [];
  const settings = Array.isArray(document['Settings']) ? document['Settings'] : [];
  return {
    goVersion: textOf(document['GoVersion']),
    mainPackage: textOf(document['Path']),
    modules: [document['Main'], ...deps].flatMap(moduleOf),
    settings: new Map(settings.filter(isJsonObject).map(({ Key, Value }) => [textOf(Key), textOf(Value)])),
  };
}

/**
 * Checks that a binary is the program that it is taken for, and, but for the plug-in, one that runs where there is no C
 * library.
 * @throws OPS_IMAGE_PROGRAM
 */
export function assertFitsImage(name: ServerName, info: BuildInfo, path: string): void {
  const declared = serverPackages[name].package;
  const expected: readonly (readonly [string, string, string])[] = [
    ['main package', declared.replace(/^\.\//, `${ownModule}/`), info.mainPackage],
    ['GOOS', platform.os, info.settings.get('GOOS') ?? 'none'],
    ['GOARCH', platform.architecture, info.settings.get('GOARCH') ?? 'none'],
    ['CGO_ENABLED', serverPackages[name].cgo ? '1' : '0', info.settings.get('CGO_ENABLED') ?? 'none'],
  ];
  const wrong = expected.filter(([, want, got]) => want !== got);
  if (wrong.length === 0) return;
  throw new ToolkitError('OPS_IMAGE_PROGRAM', {
    message: `${path}: ${wrong.map(([what, want, got]) => `expected ${what} ${want}, got ${got || 'none'}`).join('; ')}`,
    fault: 'input',
    data: { program: name, path },
    hint: 'images are made of programs that were built on Linux for x86-64 without a C library; in SIGSTEAD_SERVERS each lies under its own name',
  });
}

function moduleOf(json: Json | undefined): readonly GoModule[] {
  if (!isJsonObject(json)) return [];
  if (isJsonObject(json['Replace'])) return moduleOf(json['Replace']);
  const path = textOf(json['Path']);
  const sum = textOf(json['Sum']);
  return [{ path, version: textOf(json['Version']), ...(sum !== '' && { sum }) }];
}

function textOf(json: Json | undefined): string {
  return typeof json === 'string' ? json : '';
}
