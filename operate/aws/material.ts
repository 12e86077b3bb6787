import type { KeyObject } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import type { InstanceConfig, LogShardConfig, TimestampConfig } from '../../src/config/config.ts';
import { equalBytes, parseUtf8 } from '../../src/core/bytes.ts';
import { floorToSecond } from '../../src/core/clock.ts';
import { spkiOf } from '../../src/core/digest.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { pathExists, readFileCapped, readFileIfPresent, replaceFile } from '../../src/core/files.ts';
import { parseJsonObject } from '../../src/core/json.ts';
import { parsePublicKeyPem } from '../../src/core/public-key.ts';
import { assertNoErrors, describeFinding, type Finding } from '../../src/core/rules.ts';
import { assertRead, mapOf, readShape, text } from '../../src/core/shape.ts';
import { resolveIssuer } from '../../src/identity/fulcio-config.ts';
import { ctLogId } from '../../src/services/ct-log.ts';
import { nameOfKey } from '../../src/services/deployment.ts';
import { fulcioId } from '../../src/services/fulcio.ts';
import { rekorId } from '../../src/services/rekor.ts';
import { timestampAuthorityId } from '../../src/services/timestamp-authority.ts';
import { compileTrust, trustFileNames } from '../../src/trust/compile.ts';
import { formatTrustMaterial, type TrustMaterial } from '../../src/trust/material.ts';
import { type CertificateChain, chainPublicKey, parseChain } from '../../src/x509/chain.ts';
import { lintFulcioChain, lintTsaChain } from '../../src/x509/lint.ts';
import { type DeploymentFiles, deploymentOptions, readDeploymentFiles, recordedKey } from './settings.ts';

const maxBytes = 65_536;

export const awsMaterialCommand: Command = {
  words: ['aws', 'material'],
  summary: 'put recorded keys and certificate chains together to what clients will trust',
  details: [
    'Reads fulcio.pem and timestamp-NAME.pem, each the certificate of the key first and its root last, and refuses one',
    'that certifies another key than the recorded one. What is in trust-material.json already stays trusted: a new shard,',
    'authority or renewed certificate is added after it, valid from now. The targets are for the next `ceremony plan`.',
  ].join('\n'),
  options: {
    ...deploymentOptions,
    certificates: { type: 'string', value: 'DIR', help: 'where the chains are (default: certificates)' },
    endpoints: {
      type: 'string',
      value: 'FILE',
      help: 'a JSON object of service ids and URLs, where clients reach services elsewhere than under their names',
    },
    targets: {
      type: 'string',
      value: 'DIR',
      help: 'write the files that clients read there, as targets of the next event (default: nowhere)',
    },
  },
  examples: [
    {
      command: 'sigstead aws material --certificates certificates --targets root-signing/targets',
      explains: 'after the ceremony of the CA roots, before that of the TUF root',
    },
  ],
  exitNotes: ['3    also: a chain breaks a rule of Fulcio or the TSA', '4    also: a chain certifies another key'],
  run: material,
};

interface Sources {
  readonly files: DeploymentFiles;
  readonly directory: string;
  readonly endpoints: ReadonlyMap<string, string>;
  readonly now: Date;
}

async function material(invocation: Invocation): Promise<Outcome> {
  const files = await readDeploymentFiles(invocation.options);
  const sources: Sources = {
    files,
    directory: resolve(invocation.options.text('certificates') ?? 'certificates'),
    endpoints: await readEndpoints(invocation.options.text('endpoints'), files.config),
    now: floorToSecond(invocation.clock.now()),
  };
  const compiled = await extendMaterial(sources);
  const clientFiles = compileTrust(compiled, { now: invocation.clock.now() });
  for (const warning of clientFiles.warnings) invocation.talk.warn(describeFinding(warning));
  await replaceFile(files.materialFile, formatTrustMaterial(compiled));
  const targets = invocation.options.text('targets');
  if (targets !== undefined) {
    await replaceFile(join(resolve(targets), trustFileNames.trustedRoot), clientFiles.trustedRoot);
    await replaceFile(join(resolve(targets), trustFileNames.signingConfig), clientFiles.signingConfig);
  }
  const counts = { fulcio: compiled.fulcio.length, ct: compiled.ct.length, rekor: compiled.rekor.length };
  return {
    json: { file: files.materialFile, ...counts, timestamps: compiled.timestamps.length },
    text: `${files.materialFile}: written\n`,
  };
}

/** Entries are added, and none is taken away: what verifiers already trust an instance by is no matter of this verb. */
async function extendMaterial(sources: Sources): Promise<TrustMaterial> {
  const { config, material: before } = sources.files;
  const known = <T>(entries: readonly T[] | undefined, matches: (entry: T) => boolean) =>
    entries?.some(matches) === true;
  const ct = config.logs.ct.filter(({ shard }) => !known(before?.ct, (entry) => entry.shard === shard));
  const rekor = config.logs.rekor.filter(({ shard }) => !known(before?.rekor, (entry) => entry.shard === shard));
  const newestRekor = config.logs.rekor.at(-1)?.shard;
  return {
    fulcio: await withChain(sources, fulcioId, before?.fulcio ?? [], async () => fulcioEntry(sources)),
    ct: [...(before?.ct ?? []), ...(await Promise.all(ct.map(async (shard) => ctEntry(sources, shard))))],
    rekor: [
      ...(before?.rekor ?? []).map((entry) => ({ ...entry, signing: entry.shard === newestRekor })),
      ...rekor.map((shard) => ({ ...rekorEntry(sources, shard), signing: shard.shard === newestRekor })),
    ],
    timestamps: await timestampEntries(sources),
    oidc: oidcEntries(sources),
    selection: config.selection,
  };
}

interface Chained {
  readonly chain: CertificateChain;
  readonly signing: boolean;
}

/**
 * Returns the entries of an authority, and after them one for its chain file, if that is new: a renewed certificate, or
 * the first one. What was there stays trusted, and signs no more.
 */
async function withChain<Entry extends Chained>(
  sources: Sources,
  id: string,
  entries: readonly Entry[],
  make: () => Promise<Entry>,
): Promise<readonly Entry[]> {
  if (entries.length > 0 && !(await pathExists(chainPath(sources, id)))) return entries;
  const entry = await make();
  if (entries.some(({ chain }) => chain.pem === entry.chain.pem)) return entries;
  return [...entries.map((former) => ({ ...former, signing: false })), entry];
}

/** Also of authorities that the configuration no longer has: what they signed keeps verifying. */
async function timestampEntries(sources: Sources): Promise<TrustMaterial['timestamps']> {
  const { config, material: before } = sources.files;
  const known = before?.timestamps ?? [];
  const former = known.filter(({ name }) => !config.timestamps.some((authority) => authority.name === name));
  const configured = config.timestamps.map(async (authority) => {
    const own = known.filter(({ name }) => name === authority.name);
    const id = timestampAuthorityId(authority.name);
    return await withChain(sources, id, own, async () => timestampEntry(sources, authority, own.length));
  });
  return [...former, ...(await Promise.all(configured)).flat()];
}

async function fulcioEntry(sources: Sources) {
  const { config } = sources.files;
  const chain = await readChain(sources, fulcioId, (parsed) => lintFulcioChain(parsed, sources));
  const url = urlOf(sources, fulcioId, `fulcio.${config.instance.domain}`);
  const uri = `https://fulcio.${config.instance.domain}`;
  return { url, uri, operator: config.fulcio.operator, chain, validFor: { start: sources.now }, signing: true };
}

async function ctEntry(sources: Sources, { shard, origin, operator }: LogShardConfig) {
  const publicKey = await ctKey(sources, ctLogId(shard));
  return { shard, origin, operator, publicKey, validFor: { start: sources.now } };
}

/** The key of TesseraCT's own binary is in a secret, where nobody reads a public key: whoever made it hands that over. */
async function ctKey(sources: Sources, id: string): Promise<KeyObject> {
  if (sources.files.aws.ctLogServer === 'kms') return recordedKey(sources.files, id).publicKey;
  const path = join(sources.directory, `${id}.pub.pem`);
  const bytes = await readFileIfPresent(path, maxBytes);
  const key = bytes && parsePublicKeyPem(parseUtf8(bytes, path));
  if (key) return key;
  throw new ToolkitError('OPS_KEY_UNRECORDED', {
    message: `${path}: expected the public key of ${id} as PEM, got ${bytes ? 'something else' : 'no such file'}`,
    fault: 'input',
    data: { service: id, path },
    hint: 'with aws.ctLogServer upstream the key is in a secret that you made: put its public half there, as PEM',
  });
}

function rekorEntry(sources: Sources, { shard, origin, operator }: LogShardConfig) {
  const id = rekorId(shard);
  const { publicKey } = recordedKey(sources.files, id);
  return { shard, origin, url: urlOf(sources, id, origin), operator, publicKey, validFor: { start: sources.now } };
}

async function timestampEntry(sources: Sources, { name, host, operator }: TimestampConfig, former: number) {
  const id = timestampAuthorityId(name);
  const chain = await readChain(sources, id, (parsed) => lintTsaChain(parsed, sources));
  const url = `${urlOf(sources, id, host)}/api/v1/timestamp`;
  // sigstore-go takes two entries with one URI for one; nobody connects to it.
  const uri = `https://${host}/api/v1/timestamp${former === 0 ? '' : `#${former + 1}`}`;
  return { name, url, uri, operator, chain, validFor: { start: sources.now }, signing: true };
}

function oidcEntries({ files: { config, material: before }, now }: Sources): TrustMaterial['oidc'] {
  const issuers = config.issuers.map((issuer) => resolveIssuer(issuer, ''));
  return issuers
    .filter(({ type }) => type === 'email')
    .map(({ issuerUrl: url }, index) => ({
      url,
      operator: `oidc-${index + 1}.${config.instance.domain}`,
      validFor: before?.oidc.find((entry) => entry.url === url)?.validFor ?? { start: now },
    }));
}

function chainPath({ directory }: Sources, id: string): string {
  return join(directory, `${id}.pem`);
}

async function readChain(
  sources: Sources,
  id: string,
  lint: (chain: CertificateChain) => readonly Finding[],
): Promise<CertificateChain> {
  const path = chainPath(sources, id);
  const bytes = await readFileIfPresent(path, maxBytes);
  if (!bytes) throw chainMissing(id, path);
  const chain = parseChain(parseUtf8(bytes, path), path);
  const key = recordedKey(sources.files, id);
  if (!equalBytes(spkiOf(chainPublicKey(chain)), spkiOf(key.publicKey))) throw otherKey(id, path, nameOfKey(key));
  assertNoErrors(lint(chain), 'X509_CHAIN_INVALID', path);
  return chain;
}

function urlOf({ endpoints }: Sources, id: string, host: string): string {
  return endpoints.get(id) ?? `https://${host}`;
}

async function readEndpoints(
  file: string | undefined,
  { logs, timestamps }: InstanceConfig,
): Promise<ReadonlyMap<string, string>> {
  if (file === undefined) return new Map();
  const document = parseJsonObject(await readFileCapped(resolve(file), maxBytes), { what: file, maxBytes });
  const endpoints = assertRead(readShape(mapOf(text), document), {
    code: 'OPS_ENDPOINTS',
    what: file,
    hint: 'expected an object like { "fulcio": "https://d111111abcdef8.cloudfront.net" }',
  });
  const asked = [
    fulcioId,
    ...logs.rekor.map(({ shard }) => rekorId(shard)),
    ...timestamps.map(({ name }) => timestampAuthorityId(name)),
  ];
  const unknown = [...endpoints.keys()].filter((id) => !asked.includes(id));
  if (unknown.length > 0) throw unknownEndpoints(file, unknown, asked);
  return endpoints;
}

/** A name that is passed over would leave clients with an address where nobody answers. */
function unknownEndpoints(file: string, unknown: readonly string[], asked: readonly string[]): ToolkitError {
  return new ToolkitError('OPS_ENDPOINTS', {
    message: `${file}: expected services that clients ask, got ${unknown.join(', ')}`,
    fault: 'input',
    data: { unknown, asked },
    hint: `name only these: ${asked.join(', ')}`,
  });
}

function chainMissing(id: string, path: string): ToolkitError {
  return new ToolkitError('OPS_CHAIN_MISSING', {
    message: `${path}: no such file, expected the certificate chain of ${id}`,
    fault: 'input',
    data: { service: id, path },
    hint: `certify its public key: sigstead ceremony ca plan, with an intent of kind ca-issue whose key is ${id}.pub.pem (docs/deploy-aws.md)`,
  });
}

function otherKey(id: string, path: string, key: string): ToolkitError {
  return new ToolkitError('OPS_CHAIN_KEY', {
    message: `${path}: expected a certificate of the recorded key ${key}, got one of another key`,
    fault: 'evidence',
    data: { service: id, path, key },
    hint: 'the ceremony certified another key: compare the key ids that its holders read with `sigstead aws record`',
  });
}
