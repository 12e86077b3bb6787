import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ToolkitError } from '../src/core/error.ts';
import { allOf } from '../src/core/wait.ts';
import type { SigstoreClient, TrustAnchor, Verdict } from './clients/client.ts';
import type { Signatory } from './signatory.ts';

/** A file and the bundle that somebody signed for it. */
export interface SignedArtifact {
  readonly artifact: string;
  readonly bundle: string;
}

export interface ProvenSignature {
  readonly signedBy: string;
  readonly verifiedBy: readonly string[];
}

/** A directory for one run, in which each client gets a home of its own; gone when disposed of. */
export class Workbench implements AsyncDisposable {
  readonly directory: string;
  readonly #homes = new Map<string, Promise<string>>();

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<Workbench> {
    return new Workbench(await mkdtemp(join(tmpdir(), 'sigstead-proof-')));
  }

  /**
   * Returns the client's home for an anchor, initialised once from the published TUF repository and the pinned root.
   * @throws OPS_VERIFY_FAILED (evidence) if the client refuses them
   */
  async homeOf(client: SigstoreClient, anchor: TrustAnchor): Promise<string> {
    const key = `${client.name} ${anchor.tufUrl}`;
    const home = this.#homes.get(key) ?? this.#makeHome(client, anchor);
    this.#homes.set(key, home);
    return await home;
  }

  async sign(signer: SigstoreClient, signatory: Signatory, name: string, tsaUrl?: string): Promise<SignedArtifact> {
    if (!signer.sign)
      throw new ToolkitError('OPS_CANNOT_SIGN', { message: `${signer.name}: does not sign`, fault: 'caller' });
    const artifact = join(this.directory, `${name}.txt`);
    const bundle = `${artifact}.sigstore.json`;
    await writeFile(artifact, `${name} ${signatory.anchor.tufUrl}\n`);
    await signer.sign({
      ...{ anchor: signatory.anchor, artifact, bundle },
      home: await this.homeOf(signer, signatory.anchor),
      identityToken: await signatory.token(),
      ...(tsaUrl !== undefined && { tsaUrl }),
    });
    return { artifact, bundle };
  }

  async verify(client: SigstoreClient, signatory: Signatory, signed: SignedArtifact): Promise<Verdict> {
    const { anchor, expected } = signatory;
    return await client.verify({ ...signed, anchor, expected, home: await this.homeOf(client, anchor) });
  }

  async makeDirectory(name: string): Promise<string> {
    return await mkdtemp(join(this.directory, `${name}-`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  async #makeHome(client: SigstoreClient, anchor: TrustAnchor): Promise<string> {
    const home = await this.makeDirectory(client.name);
    assertAccepted(await client.initialize(anchor, home), client, `initialize from ${anchor.tufUrl}`);
    return home;
  }
}

/**
 * Signs an artifact with one client and has every verifier verify it, each starting from the published TUF
 * repository and the pinned root alone.
 * @throws OPS_VERIFY_FAILED (evidence) if a client refuses
 */
export async function proveSignature(
  signatory: Signatory,
  signer: SigstoreClient,
  verifiers: readonly SigstoreClient[],
): Promise<ProvenSignature> {
  await using bench = await Workbench.create();
  const signed = await bench.sign(signer, signatory, `proof-by-${signer.name}`);
  // The bench must outlive every client that writes in it.
  await allOf(
    verifiers.map(async (client) => assertAccepted(await bench.verify(client, signatory, signed), client, 'verify')),
  );
  return { signedBy: nameOf(signer), verifiedBy: verifiers.map(nameOf) };
}

export function assertAccepted(verdict: Verdict, client: SigstoreClient, step: string): void {
  if (verdict.accepted) return;
  throw new ToolkitError('OPS_VERIFY_FAILED', {
    message: `${nameOf(client)} refuses what it should accept (${step}): ${verdict.reason}`,
    fault: 'evidence',
    data: { client: client.name, version: client.version, step, reason: verdict.reason },
  });
}

export function nameOf(client: SigstoreClient): string {
  return `${client.name} ${client.version}`;
}
