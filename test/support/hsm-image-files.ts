import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/* What an image for an HSM lies on, made of files of this machine: its C library, and SoftHSM as the HSM's maker. */

/** Where the image has SoftHSM's module. */
export const modulePath = '/opt/hsm/lib/libsofthsm2.so';

/** Where bases are made, and the registry that they go to. */
export interface BaseTarget {
  readonly directory: string;
  readonly registry: string;
  readonly crane: string;
}

function run(file: string, ...args: readonly string[]): string {
  return execFileSync(file, args, { encoding: 'utf8', stdio: 'pipe' });
}

/** Returns the libraries that a program or library of this machine is linked to, and the dynamic linker. */
export function linked(file: string): readonly string[] {
  return [...run('ldd', file).matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
}

/** What the maker of an HSM would deliver: the module, and its configuration where it looks for that. */
export async function writeVendorFiles(directory: string, softHsm: string): Promise<void> {
  const root = join(directory, 'vendor');
  for (const directory of ['opt/hsm/lib', 'etc/softhsm', 'tokens'])
    await mkdir(join(root, directory), { recursive: true });
  await copyFile(softHsm, join(root, modulePath));
  const lines = ['directories.tokendir = /tokens', 'objectstore.backend = file', 'log.level = ERROR', ''];
  await writeFile(join(root, 'etc/softhsm/softhsm2.conf'), lines.join('\n'));
  const same = ['--owner=0', '--group=0', '--mtime=@0', '--sort=name', '--mode=go+rX'];
  run('tar', '-cf', join(directory, 'vendor.tar'), ...same, '-C', root, '.');
}

/** Pushes an image of files of this machine, where programs lie in /usr/bin as distributions have it; returns its name. */
export async function pushBase(to: BaseTarget, name: string, files: readonly string[]): Promise<string> {
  const { directory, registry, crane } = to;
  const root = join(directory, `${name}-files`);
  await mkdir(join(root, 'usr/bin'), { recursive: true });
  await symlink('usr/bin', join(root, 'bin'));
  for (const file of files) {
    await mkdir(join(root, file, '..'), { recursive: true });
    await copyFile(file, join(root, file));
  }
  run('tar', '-cf', join(directory, `${name}.tar`), '-C', root, '.');
  const reference = `${registry}/${name}`;
  run(crane, 'append', '--oci-empty-base', '-f', join(directory, `${name}.tar`), '-t', `${reference}:made`);
  run(
    crane,
    'mutate',
    '--set-platform',
    'linux/amd64',
    '--env',
    'LD_PRELOAD=/usr/bin/none',
    '-t',
    `${reference}:set`,
    `${reference}:made`,
  );
  return `${reference}@${run(crane, 'digest', `${reference}:set`).trim()}`;
}
