import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestType } from '../../operate/images/oci.ts';
import { sha256Hex } from '../../src/core/digest.ts';

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
  const forPlatform = (architecture: string) => {
    const tag = `${reference}:${architecture}`;
    const settings = ['--set-platform', `linux/${architecture}`, '--env', 'LD_PRELOAD=/usr/bin/none'];
    run(crane, 'mutate', ...settings, '-t', tag, `${reference}:made`);
    const [digest, size] = [run(crane, 'digest', tag).trim(), Buffer.byteLength(run(crane, 'manifest', tag))];
    return { mediaType: manifestType, digest, size, platform: { os: 'linux', architecture } };
  };
  return `${reference}@${await pushIndex(registry, name, ['arm64', 'amd64'].map(forPlatform))}`;
}

/** As distributions publish their images: one for each platform, under one digest. */
async function pushIndex(registry: string, name: string, manifests: readonly object[]): Promise<string> {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const index = JSON.stringify({ schemaVersion: 2, mediaType, manifests });
  const headers = { 'content-type': mediaType };
  const answer = await fetch(`http://${registry}/v2/${name}/manifests/all`, { method: 'PUT', headers, body: index });
  if (!answer.ok) throw new Error(await answer.text());
  return `sha256:${sha256Hex(index)}`;
}
