/**
 * A program of its own (see `sigstore-js.ts`): reads one request on stdin, does it with sigstore-js alone, and ends
 * with 0, or with 1 and sigstore-js's reason on stderr.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { bundleFromJSON, bundleToJSON } from '@sigstore/bundle';
import { bundleBuilderFromSigningConfig } from '@sigstore/sign';
import { getTrustedRoot, initTUF } from '@sigstore/tuf';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { describeCause } from '../../src/core/error.ts';
import { parseSigningConfig, type SigningConfigView, signingConfigFile } from '../../src/trust/signing-config.ts';
import type { SignRequest, TrustAnchor, VerifyRequest } from './client.ts';
import type { ProgramRequest } from './sigstore-js.ts';

type SigningConfig = SigningConfigView['specs'];

/** sigstore-js allows 5 s by default, which a busy machine may exceed. */
const fetchOptions = { timeout: 20_000, retry: { retries: 2 } };

async function initialize(anchor: TrustAnchor, home: string): Promise<void> {
  await getTrustedRoot(tufOptions(anchor, home));
}

async function sign(request: SignRequest): Promise<void> {
  const tuf = await initTUF(tufOptions(request.anchor, request.home));
  const { specs } = parseSigningConfig(Buffer.from(await tuf.getTarget(signingConfigFile)), signingConfigFile);
  const builder = bundleBuilderFromSigningConfig({
    signingConfig: request.tsaUrl === undefined ? specs : withOneTimestampAuthority(specs, request.tsaUrl),
    identityProvider: { getToken: async () => request.identityToken },
    bundleType: 'messageSignature',
    fetchOptions,
  });
  const bundle = await builder.create({ data: await readFile(request.artifact) });
  await writeFile(request.bundle, JSON.stringify(bundleToJSON(bundle)));
}

function withOneTimestampAuthority(specs: SigningConfig, url: string): SigningConfig {
  const tsaUrls = specs.tsaUrls.filter((service) => service.url === url);
  if (tsaUrls.length === 1) return { ...specs, tsaUrls };
  throw new Error(`${signingConfigFile}: expected one timestamp authority at ${url}, got ${tsaUrls.length}`);
}

async function verify(request: VerifyRequest): Promise<void> {
  const trustedRoot = await getTrustedRoot(tufOptions(request.anchor, request.home));
  const bundle = bundleFromJSON(JSON.parse(await readFile(request.bundle, 'utf8')));
  const entity = toSignedEntity(bundle, await readFile(request.artifact));
  // Thresholds as in the public instance's policy: one log, one SCT, one timestamp.
  const verifier = new Verifier(toTrustMaterial(trustedRoot), {
    tlogThreshold: 1,
    ctlogThreshold: 1,
    timestampThreshold: 1,
  });
  const { identity, issuer } = request.expected;
  verifier.verify(entity, { subjectAlternativeName: exactly(identity), extensions: { issuer } });
}

/** sigstore-js reads a text policy as a regular expression in some versions: anchor and escape it. */
function exactly(identity: string): RegExp {
  return new RegExp(`^${identity.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`);
}

function tufOptions(anchor: TrustAnchor, home: string) {
  return { mirrorURL: anchor.tufUrl, rootPath: anchor.rootFile, cachePath: join(home, 'tuf'), retry: { retries: 0 } };
}

async function main(): Promise<void> {
  const request = JSON.parse(await text(process.stdin)) as ProgramRequest;
  if (request.verb === 'initialize') await initialize(request.anchor, request.home);
  else if (request.verb === 'sign') await sign(request);
  else await verify(request);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${describeCause(error)}\n`);
  process.exitCode = 1;
}
