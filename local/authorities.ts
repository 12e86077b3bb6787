import { join } from 'node:path';
import type { InstanceConfig, LogShardConfig, TimestampConfig } from '../src/config/config.ts';
import { equalBytes } from '../src/core/bytes.ts';
import { addMs, dayMs, floorToSecond } from '../src/core/clock.ts';
import { createFile, makePrivateDirectory, readFileCapped, readFileIfPresent, replaceFile } from '../src/core/files.ts';
import type { Reached } from '../src/core/moment.ts';
import { assertNoErrors } from '../src/core/rules.ts';
import type { Signer } from '../src/core/signer.ts';
import { allOf } from '../src/core/wait.ts';
import { resolveIssuer } from '../src/identity/fulcio-config.ts';
import { ctLogId } from '../src/services/ct-log.ts';
import { fulcioId } from '../src/services/fulcio.ts';
import { rekorId } from '../src/services/rekor.ts';
import { timestampAuthorityId } from '../src/services/timestamp-authority.ts';
import {
  type CtMaterial,
  type FulcioMaterial,
  formatTrustMaterial,
  type OidcMaterial,
  parseTrustMaterial,
  type RekorMaterial,
  type TimestampMaterial,
  type TrustMaterial,
} from '../src/trust/material.ts';
import type { AuthorityPeriod } from '../src/trust/period.ts';
import {
  issueFulcioIntermediate,
  issueFulcioRoot,
  issueTsaLeaf,
  issueTsaRoot,
} from '../src/x509/certificate-factory.ts';
import { type CertificateChain, chainOf, parseChain } from '../src/x509/chain.ts';
import { lintFulcioChain, lintTsaChain } from '../src/x509/lint.ts';
import { edgeUrl, identityProviderUrl } from './endpoints.ts';
import type { KeyStore } from './key-store.ts';
import type { StateDirectory, StateFacts } from './state.ts';

const rootYears = 10;
const issuingYears = 5;
const yearDays = 365;

const maxMaterialBytes = 1 << 20;

export interface AuthoritiesOptions {
  readonly config: InstanceConfig;
  readonly state: StateDirectory;
  readonly facts: StateFacts;
  readonly keys: KeyStore;
  readonly now: Date;
  readonly reached: Reached;
}

/**
 * Returns what verifiers need to know of this instance's authorities. At the first start it makes their keys and
 * certificates; later it returns what was made then, with the issuers and the selection of the configuration. An
 * interrupted first start goes on where it stopped.
 *
 * The caller knows that the configuration has the authorities of the first start, and keys that live in files.
 * @throws X509_CHAIN_INVALID if a chain breaks a rule that Fulcio or the TSA enforces
 */
export async function ensureAuthorities(options: AuthoritiesOptions): Promise<TrustMaterial> {
  const { materialFile } = options.state;
  const bytes = await readFileIfPresent(materialFile, maxMaterialBytes);
  const material = bytes
    ? followConfiguration(parseTrustMaterial(bytes, materialFile), options)
    : await createMaterial(options);
  lintChains(material, options.now);
  if (!bytes) {
    await createFile(materialFile, formatTrustMaterial(material));
    options.reached('material-written');
  }
  return material;
}

/** Keeps the material as it was published, for those who ask what the instance is. */
export async function rememberMaterial({ materialFile }: StateDirectory, material: TrustMaterial): Promise<void> {
  const formatted = formatTrustMaterial(material);
  if (!equalBytes(await readFileCapped(materialFile, maxMaterialBytes), formatted)) {
    await replaceFile(materialFile, formatted);
  }
}

/** What may differ from start to start: whom signers are sent to, and how they choose. */
function followConfiguration(material: TrustMaterial, options: AuthoritiesOptions): TrustMaterial {
  return { ...material, oidc: oidcMaterial(options, material.oidc), selection: options.config.selection };
}

/** Runs before any service starts: a server's own message about a bad chain names neither the file nor the rule. */
function lintChains(material: TrustMaterial, now: Date): void {
  for (const entry of material.fulcio) {
    assertNoErrors(lintFulcioChain(entry.chain, { now }), 'X509_CHAIN_INVALID', 'fulcio chain');
  }
  for (const entry of material.timestamps) {
    assertNoErrors(lintTsaChain(entry.chain, { now }), 'X509_CHAIN_INVALID', `${entry.name} chain`);
  }
}

async function createMaterial(options: AuthoritiesOptions): Promise<TrustMaterial> {
  const { config } = options;
  const fulcio = await fulcioMaterial(options);
  const [rekor, ct, timestamps] = await allOf([
    allOf(config.logs.rekor.map((log) => rekorMaterial(options, log))),
    allOf(config.logs.ct.map((log) => ctMaterial(options, log))),
    allOf(config.timestamps.map((authority) => timestampMaterial(options, authority))),
  ]);
  return { fulcio: [fulcio], rekor, ct, timestamps, oidc: oidcMaterial(options, []), selection: config.selection };
}

async function fulcioMaterial(options: AuthoritiesOptions): Promise<FulcioMaterial> {
  const { config, facts } = options;
  return {
    url: edgeUrl(facts, fulcioId),
    uri: `https://fulcio.${config.instance.domain}`,
    operator: config.fulcio.operator,
    chain: await fulcioChain(options),
    validFor: fromNow(options),
    signing: true,
  };
}

async function rekorMaterial(options: AuthoritiesOptions, log: LogShardConfig): Promise<RekorMaterial> {
  const { shard, origin, operator } = log;
  return {
    shard,
    origin,
    url: edgeUrl(options.facts, rekorId(shard)),
    operator,
    publicKey: (await options.keys.ensure(rekorId(shard), 'ecdsa-p256-sha256')).publicKey,
    validFor: fromNow(options),
    signing: log === options.config.logs.rekor.at(-1),
  };
}

async function ctMaterial(options: AuthoritiesOptions, log: LogShardConfig): Promise<CtMaterial> {
  const { shard, origin, operator } = log;
  const { publicKey } = await options.keys.ensure(ctLogId(shard), 'ecdsa-p256-sha256');
  return { shard, origin, operator, publicKey, validFor: fromNow(options) };
}

async function timestampMaterial(options: AuthoritiesOptions, authority: TimestampConfig): Promise<TimestampMaterial> {
  const { name, host, operator } = authority;
  const id = timestampAuthorityId(name);
  return {
    name,
    url: `${edgeUrl(options.facts, id)}/api/v1/timestamp`,
    uri: `https://${host}/api/v1/timestamp`,
    operator,
    chain: await timestampChain(options, id, host),
    validFor: fromNow(options),
    signing: true,
  };
}

/** An issuer that was there before keeps the time since when. */
function oidcMaterial(options: AuthoritiesOptions, before: readonly OidcMaterial[]): readonly OidcMaterial[] {
  const { domain } = options.config.instance;
  return loginIssuers(options.config, options.facts).map((url, index) => ({
    url,
    operator: `oidc-${index + 1}.${domain}`,
    validFor: before.find((entry) => entry.url === url)?.validFor ?? fromNow(options),
  }));
}

/** Timestamps have whole seconds: a start with a fraction would exclude the first signature. */
function fromNow({ now }: AuthoritiesOptions): AuthorityPeriod {
  return { start: floorToSecond(now) };
}

/** Clients send people to the first of them: the local provider if the configuration has it, or issuers of e-mails. */
function loginIssuers(config: InstanceConfig, facts: StateFacts): readonly string[] {
  const local = config.issuers.filter((issuer) => issuer.preset === 'local').slice(0, 1);
  const resolved = (local.length > 0 ? local : config.issuers).map((issuer) =>
    resolveIssuer(issuer, identityProviderUrl(facts)),
  );
  return resolved.filter((issuer) => issuer.type === 'email').map((issuer) => issuer.issuerUrl);
}

async function fulcioChain(options: AuthoritiesOptions): Promise<CertificateChain> {
  const { config, keys, now } = options;
  const root = await keys.ensure('fulcio-root', 'ecdsa-p384-sha384');
  const issuing = await keys.ensure(fulcioId, 'ecdsa-p384-sha384');
  const { organization } = config.fulcio;
  return await keptChain(options, fulcioId, async () => {
    const rootDer = await issueFulcioRoot({
      subject: { organization, commonName: `${config.instance.name} Fulcio root` },
      signer: root,
      ...datesFor(now, rootYears),
    });
    const intermediate = await issueFulcioIntermediate({
      subject: { organization, commonName: `${config.instance.name} Fulcio intermediate` },
      publicKey: issuing.publicKey,
      root: { der: rootDer, signer: root },
      ...datesFor(now, issuingYears),
    });
    return chainOf(intermediate, rootDer);
  });
}

async function timestampChain(options: AuthoritiesOptions, service: string, host: string): Promise<CertificateChain> {
  const { config, keys, now } = options;
  // A root of its own for each: a stolen root of one leaves the timestamps of the other worth something.
  const root: Signer = await keys.ensure(`${service}-root`, 'ecdsa-p384-sha384');
  const leaf = await keys.ensure(service, 'ecdsa-p384-sha384');
  const { organization } = config.fulcio;
  return await keptChain(options, service, async () => {
    const rootDer = await issueTsaRoot({
      subject: { organization, commonName: `${host} root` },
      signer: root,
      ...datesFor(now, rootYears),
    });
    const leafDer = await issueTsaLeaf({
      subject: { organization, commonName: host },
      publicKey: leaf.publicKey,
      root: { der: rootDer, signer: root },
      ...datesFor(now, issuingYears),
    });
    return chainOf(leafDer, rootDer);
  });
}

function datesFor(now: Date, years: number) {
  const notBefore = floorToSecond(now);
  return { notBefore, notAfter: addMs(notBefore, years * yearDays * dayMs) };
}

/** Issues a chain once: the file, and so the chain, appears whole or not at all. */
async function keptChain(
  { state, reached }: AuthoritiesOptions,
  name: string,
  issue: () => Promise<CertificateChain>,
): Promise<CertificateChain> {
  const path = join(state.certificates, `${name}.chain.pem`);
  await makePrivateDirectory(state.certificates);
  const kept = await readFileIfPresent(path, 65_536);
  if (kept) return parseChain(new TextDecoder().decode(kept), path);
  const chain = await issue();
  await createFile(path, chain.pem);
  reached('chain-issued', name);
  return chain;
}
