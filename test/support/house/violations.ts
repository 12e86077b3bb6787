import { dirname, normalize } from 'node:path/posix';
import { type ModuleFacts, moduleFacts } from './module.ts';
import {
  comesWith,
  defaultExportFiles,
  fences,
  forbiddenBuiltins,
  heldVersions,
  isToolRoom,
  maxLines,
  mayImport,
  processGlobalsFiles,
  registryFiles,
  roomOf,
} from './table.ts';

export interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Source files by path from the top of the project. */
export type FileTable = ReadonlyMap<string, string>;

interface House {
  readonly files: FileTable;
  readonly manifest: Manifest;
}

type Check = (path: string, facts: ModuleFacts, manifest: Manifest) => readonly string[];

const checks: readonly Check[] = [checkRoom, checkFloors, checkPackages, checkEvasions, checkGlobals, checkExports];

/** Returns every place where the files break the table of the house, a line each. */
export function violations(house: House): readonly string[] {
  const modules = [...house.files].filter(([path]) => isModule(path));
  const facts = new Map(modules.map(([path, source]) => [path, moduleFacts(source)] as const));
  return [
    ...[...house.files].flatMap(([path, source]) => tooLong(path, source)),
    ...[...facts].flatMap(([path, module]) =>
      checks.flatMap((check) => check(path, module, house.manifest)).map((text) => `${path}: ${text}`),
    ),
    ...manifestViolations(house.manifest, facts),
  ];
}

function isModule(path: string): boolean {
  return path.endsWith('.ts') || path.endsWith('.mjs');
}

function tooLong(path: string, source: string): readonly string[] {
  const lines = source.split('\n').length - (source.endsWith('\n') ? 1 : 0);
  return lines > maxLines ? [`${path}: ${lines} lines, expected at most ${maxLines}`] : [];
}

function checkRoom(path: string): readonly string[] {
  return mayImport[roomOf(path)] === undefined ? [`${roomOf(path)} is no room of the house`] : [];
}

function checkFloors(path: string, { imports }: ModuleFacts): readonly string[] {
  const room = roomOf(path);
  const below = mayImport[room] ?? [];
  return imports.filter(isRelative).flatMap((specifier) => {
    const target = normalize(`${dirname(path)}/${specifier}`);
    if (target.startsWith('..')) return [`imports ${specifier}, outside of the project`];
    const other = roomOf(target);
    return other === room || below.includes(other) ? [] : [`${room} may not import ${other} (${specifier})`];
  });
}

function checkPackages(path: string, { imports }: ModuleFacts, manifest: Manifest): readonly string[] {
  const names = imports.filter((specifier) => !isRelative(specifier)).map(packageOf);
  return names.flatMap((name) => [...undeclared(name, roomOf(path), manifest), ...misplaced(name, roomOf(path))]);
}

function undeclared(name: string, room: string, manifest: Manifest): readonly string[] {
  if (name.startsWith('node:')) return [];
  const declared = { ...manifest.dependencies, ...(isToolRoom(room) && manifest.devDependencies) };
  if (name in declared || (isToolRoom(room) && (comesWith[name] ?? '') in declared)) return [];
  return [`imports ${name}, which is not among the ${isToolRoom(room) ? '' : 'run-time '}dependencies`];
}

function misplaced(name: string, room: string): readonly string[] {
  if (isToolRoom(room)) return [];
  if (forbiddenBuiltins.includes(name)) return [`imports ${name}, a way around this test`];
  const fence = fences.find(({ packages }) => packages.test(name));
  if (fence) return fence.rooms.includes(room) ? [] : [`imports ${name}, which stays in ${fence.rooms.join(', ')}`];
  return name.startsWith('node:') ? [] : [`imports ${name}, for which no room is named`];
}

function checkEvasions(path: string, { evasions }: ModuleFacts): readonly string[] {
  return isToolRoom(roomOf(path)) ? [] : evasions.map((what) => `${what} hides what is imported`);
}

function checkGlobals(path: string, { globals }: ModuleFacts): readonly string[] {
  const console = globals.filter((name) => name.startsWith('console')).map((name) => `${name} is not for us`);
  if (isToolRoom(roomOf(path)) || processGlobalsFiles.some((allowed) => allowed.test(path))) return console;
  const reading = globals.filter((name) => /^(process|process\.(env|exit|argv|\*)|globalThis)$/.test(name));
  return [...console, ...reading.map((name) => `${name} belongs to bin/ and src/cli/run.ts`)];
}

function checkExports(path: string, { hasDefaultExport }: ModuleFacts): readonly string[] {
  const isIndex = path.endsWith('/index.ts') && !registryFiles.test(path);
  return [
    ...(hasDefaultExport && !defaultExportFiles.includes(path) ? ['default export'] : []),
    ...(isIndex ? ['an index.ts that is no ordered registry'] : []),
  ];
}

/** Versions are exact, so that everybody runs the same code; and what nobody imports is not installed. */
function manifestViolations(manifest: Manifest, modules: ReadonlyMap<string, ModuleFacts>): readonly string[] {
  const all = { ...manifest.devDependencies, ...manifest.dependencies };
  const loose = Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
  const product = [...modules].filter(([path]) => !isToolRoom(roomOf(path)));
  const imported = new Set(product.flatMap(([, { imports }]) => imports.map(packageOf)));
  const unused = Object.keys(manifest.dependencies).filter(
    (name) => !imported.has(name) && !heldVersions.includes(name),
  );
  return [
    ...loose.map(([name, version]) => `package.json: ${name}: expected an exact version, got ${version}`),
    ...unused.map((name) => `package.json: ${name}: a dependency that nothing imports`),
  ];
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith('.');
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}
