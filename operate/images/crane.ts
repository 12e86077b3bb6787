import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../src/cli/command.ts';
import { parseUtf8 } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { makeScratchDirectory, readFileCapped } from '../../src/core/files.ts';
import { isJsonObject, type Json, parseJsonObject } from '../../src/core/json.ts';
import { type ProgramResult, runProgram } from '../../src/process/run-program.ts';
import { lastLines } from '../clients/verdict.ts';
import { platform } from './build-info.ts';
import { readForeignTar } from './foreign-tar.ts';

const timeoutMs = 15 * 60_000;
const maxArchiveBytes = 1 << 30;
const maxManifestBytes = 1 << 20;
const maxOutputBytes = 64 << 20;

/** What a registry client reads of the user's environment: where credentials are, and how the network is reached. */
const inherited =
  /^(HOME|PATH|USER|TMPDIR|DOCKER_CONFIG|REGISTRY_AUTH_FILE|XDG_(CONFIG|CACHE|RUNTIME)_(HOME|DIR)|AWS_\w+|SSL_CERT_(FILE|DIR)|(https?|all|no)_proxy)$/i;

export function registryEnvironment(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && inherited.test(entry[0]),
    ),
  );
}

/** crane of the pinned module. Credentials are its own matter: it reads them where `crane auth login` or a helper put them. */
export class Crane {
  readonly #file: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #signal: AbortSignal;

  constructor(file: string, environment: Environment, signal: AbortSignal) {
    this.#file = file;
    this.#env = registryEnvironment(environment);
    this.#signal = signal;
  }

  /**
   * Returns a layer as crane compresses it: Go's gzip gives the same bytes on every machine, Node's need not.
   * @throws OPS_IMAGE_BUILD
   */
  async compress(layerFile: string): Promise<Uint8Array> {
    const directory = await makeScratchDirectory('sigstead-layer');
    try {
      const output = join(directory, 'image.tar');
      const ran = await this.#run([
        'append',
        '--oci-empty-base',
        '-f',
        layerFile,
        '-t',
        'sigstead/layer',
        '-o',
        output,
      ]);
      const files = ran.exitCode === 0 ? readForeignTar(await readFileCapped(output, maxArchiveBytes)) : undefined;
      const layer = files?.find(({ path }) => path.endsWith('.tar.gz'));
      if (layer) return layer.bytes;
      throw new ToolkitError('OPS_IMAGE_BUILD', {
        message: `crane append: expected a layer: ${lastLines(ran)}`,
        fault: 'environment',
        hint: 'see what stands in the way on this machine: is the disk full?',
      });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  /**
   * Pulls an image by its digest into a layout.
   * @throws OPS_IMAGE_DIFFERS (evidence), OPS_REGISTRY
   */
  async pull(reference: string, directory: string): Promise<void> {
    const { os, architecture } = platform;
    await this.#talk(reference, ['pull', '--format=oci', `--platform=${os}/${architecture}`, reference, directory]);
  }

  /**
   * Pushes a layout by the digest of its manifest. No tag is written: a tag is a name that somebody can move.
   * @throws OPS_IMAGE_DIFFERS (evidence) if something else is there under that digest
   * @throws OPS_REGISTRY
   */
  async push(layout: string, reference: string): Promise<void> {
    await this.#talk(reference, ['push', layout, reference]);
  }

  /**
   * Fetches a manifest by its digest, and everything that it names, and checks that they are what was built.
   * @throws OPS_IMAGE_DIFFERS (evidence) if the registry holds something else
   * @throws OPS_REGISTRY
   */
  async assertStored(reference: string, manifest: Uint8Array): Promise<void> {
    const fetched = await this.#talk(reference, ['manifest', reference]);
    if (fetched !== parseUtf8(manifest)) throw differs(reference, 'another manifest');
    const { artifactType, layers } = parseJsonObject(manifest, { what: reference, maxBytes: maxManifestBytes });
    if (artifactType === undefined) await this.#talk(reference, ['validate', '--remote', reference]);
    // crane validates what can be run, and nothing else.
    else for (const digest of digestsIn(layers)) await this.#talk(reference, ['blob', blobOf(reference, digest)]);
  }

  /** crane hashes whatever it gets by digest. */
  async #talk(reference: string, args: readonly string[]): Promise<string> {
    const ran = await this.#run(args);
    if (isMismatch(ran)) throw differs(reference, lastLines(ran));
    if (ran.exitCode !== 0) throw registryFailed(args[0] ?? '', reference, ran);
    return ran.stdout;
  }

  async #run(args: readonly string[]): Promise<ProgramResult> {
    return await runProgram({
      file: this.#file,
      args,
      env: this.#env,
      timeoutMs,
      maxOutputBytes,
      signal: this.#signal,
    });
  }
}

function digestsIn(layers: Json | undefined): readonly string[] {
  const named = Array.isArray(layers) ? layers.filter(isJsonObject) : [];
  return named.map(({ digest }) => String(digest));
}

function blobOf(reference: string, digest: string): string {
  return `${reference.replace(/@.*$/, '')}@${digest}`;
}

/** How crane says that bytes do not have the hash by which they were asked for, or cannot be what was compressed. */
const mismatch =
  /does not match requested digest|error verifying|mismatched|digest mismatch|gzip: invalid|flate: corrupt/i;

function isMismatch({ exitCode, stderr, stdout }: ProgramResult): boolean {
  return exitCode !== 0 && mismatch.test(stderr + stdout);
}

function differs(reference: string, reason: string): ToolkitError {
  return new ToolkitError('OPS_IMAGE_DIFFERS', {
    message: `${reference}: the registry does not give back what was pushed: ${reason}`,
    fault: 'evidence',
    data: { reference, reason },
    hint: 'nothing was signed or recorded after this; find out who writes to that repository, and what stands between',
  });
}

function registryFailed(step: string, reference: string, ran: ProgramResult): ToolkitError {
  const host = reference.split('/')[0];
  return new ToolkitError('OPS_REGISTRY', {
    message: `crane ${step} ${reference}: ${lastLines(ran)}`,
    fault: 'environment',
    data: { step, reference, exitCode: ran.exitCode },
    hint: `check that the repository exists and that you are logged in; for ECR: aws ecr get-login-password | crane auth login --username AWS --password-stdin ${host}`,
  });
}
