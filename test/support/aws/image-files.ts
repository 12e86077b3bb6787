import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '../../../src/core/wait.ts';
import { runProgram } from '../../../src/process/run-program.ts';
import { type RunningProgram, startProgram } from '../../../src/process/supervised-program.ts';
import { freePort } from '../ministack.ts';

const path = '/usr/sbin:/usr/bin:/sbin:/bin';

/** A registry on loopback, and the files of the images in it. */
export class ImageFiles implements AsyncDisposable {
  readonly registry: string;
  readonly #crane: string;
  readonly #directory: string;
  readonly #program: RunningProgram;
  readonly #extracted = new Map<string, Promise<string>>();

  private constructor(parts: { registry: string; crane: string; directory: string; program: RunningProgram }) {
    this.registry = parts.registry;
    this.#crane = parts.crane;
    this.#directory = parts.directory;
    this.#program = parts.program;
  }

  static async serve(options: { readonly crane: string; readonly directory: string }): Promise<ImageFiles> {
    const { crane, directory } = options;
    await mkdir(directory, { recursive: true });
    // Without TLS crane speaks to loopback only.
    const registry = `127.0.0.1:${await freePort()}`;
    const program = await startProgram({
      name: 'registry',
      file: crane,
      args: ['registry', 'serve', `--address=${registry}`],
      env: { HOME: directory, PATH: path },
      cwd: directory,
      logFile: join(directory, 'registry.log'),
    });
    await waitFor(
      async () =>
        await fetch(`http://${registry}/v2/`).then(
          ({ ok }) => ok,
          () => false,
        ),
      { what: `the registry (${program.tail()})`, timeoutMs: 20_000, intervalMs: 50 },
    );
    return new ImageFiles({ registry, crane, directory, program });
  }

  /** Pulls an image of the deployment by its digest and returns a directory with its files. */
  async pull(image: string): Promise<string> {
    const [, name = '', digest = ''] = /^[^/]+\/(.+)@sha256:([0-9a-f]{64})$/.exec(image) ?? [];
    if (digest === '') throw new Error(`${image}: expected an image by digest`);
    const known = this.#extracted.get(digest);
    if (known) return await known;
    const extracted = this.#extract(`${this.registry}/${name}@sha256:${digest}`, join(this.#directory, digest));
    this.#extracted.set(digest, extracted);
    return await extracted;
  }

  async #extract(image: string, to: string): Promise<string> {
    await mkdir(to);
    const tar = `${to}.tar`;
    await run(this.#crane, ['export', '--insecure', image, tar]);
    await run('tar', ['-xf', tar, '-C', to, '--same-permissions']);
    // What a container runtime mounts has to be there to be mounted upon.
    for (const directory of ['proc', 'dev', 'etc']) await mkdir(join(to, directory), { recursive: true });
    for (const file of ['hosts', 'resolv.conf']) await writeFile(join(to, 'etc', file), '', { flag: 'a' });
    return to;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.stop(2_000);
  }
}

async function run(file: string, args: readonly string[]): Promise<void> {
  const ran = await runProgram({ file, args, env: { PATH: path, HOME: '/tmp' }, timeoutMs: 120_000 });
  if (ran.exitCode !== 0) throw new Error(`${file} ${args.join(' ')}: ${ran.stderr}`);
}
