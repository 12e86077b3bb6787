import { resolve } from 'node:path';
import { tufUrl } from '../local/endpoints.ts';
import { ensureServers } from '../local/servers.ts';
import { StateDirectory } from '../local/state.ts';
import type { Command, Invocation, Outcome, ParsedOptions } from '../src/cli/command.ts';
import { exitCodes, ToolkitError } from '../src/core/error.ts';
import { toJson } from '../src/core/json.ts';
import { printable } from '../src/core/printable.ts';
import type { TrustAnchor } from './clients/client.ts';
import { parseBaseReference } from './images/base-image.ts';
import { buildImages } from './images/build-images.ts';
import { Crane } from './images/crane.ts';
import type { HsmFlavour } from './images/hsm-flavour.ts';
import { ImageSigner, type ImageSignerOptions } from './images/image-signer.ts';
import { type ImagesManifest, manifestJson, readImagesManifest } from './images/manifest.ts';
import { chosenPrograms, type ImageProgram, imagePrograms, isForHsm } from './images/programs.ts';
import { type PushedImage, pushImages, readRecord, recordImages } from './images/push-images.ts';
import { parseRegistry } from './images/registry.ts';
import { readInstanceFacts } from './instance-facts.ts';
import { assertReady } from './run-record.ts';
import { stateOption, statePath } from './settings.ts';

const defaultDirectory = 'images';

export const imagesBuildCommand: Command = {
  words: ['images', 'build'],
  summary: 'make the container images of the servers, without Docker',
  details: [
    'Each image is built from nothing but the program, "entry" that starts it, and root certificates; the same sources,',
    'Go and Node.js make the same digest. Writes OCI layouts, an SBOM (CycloneDX) beside each, and images.json with what',
    'govulncheck knows against them. Where its database cannot be reached, that says "not checked".',
  ].join('\n'),
  options: {
    out: { type: 'string', value: 'DIR', help: `where to write (default: ./${defaultDirectory})` },
    programs: {
      type: 'string',
      value: 'LIST',
      help: `some of ${imagePrograms.join(', ')}, with commas (default: all but tesseract-aws and -pkcs11)`,
    },
    base: {
      type: 'string',
      value: 'REF@sha256:…',
      help: 'for programs that end in -pkcs11: the image with a C library that they lie on, by its digest',
    },
    layer: {
      type: 'string',
      value: 'FILE.tar',
      multiple: true,
      help: 'with --base: files of the maker of the HSM, over those of the base (default: none)',
    },
    module: { type: 'string', value: 'PATH', help: 'with --base: aws.hsm.module, which must be in the image' },
    'vulnerability-database': {
      type: 'string',
      value: 'URL',
      help: 'a mirror of the Go vulnerability database, https:// or file:// (default: https://vuln.go.dev)',
    },
    'fail-on-vulnerabilities': { type: 'boolean', help: 'fail on a known vulnerability, and where nobody could look' },
  },
  examples: [
    { command: 'sigstead images build', explains: 'all images of an instance, into ./images' },
    {
      command: 'sigstead images build --programs fulcio,ct-log --fail-on-vulnerabilities',
      explains: 'these two, in a pipeline that stops at a known vulnerability',
    },
    {
      command:
        'sigstead images build --programs fulcio-pkcs11 --base registry.example.com/debian@sha256:… --layer cloudhsm.tar --module /opt/cloudhsm/lib/libcloudhsm_pkcs11.so',
      explains: 'the image of a Fulcio whose key is in an HSM (docs/images.md)',
    },
  ],
  exitNotes: [
    '4    also: a known vulnerability, with --fail-on-vulnerabilities',
    '5    also: not checked for vulnerabilities, with --fail-on-vulnerabilities',
  ],
  run: build,
};

export const imagesPushCommand: Command = {
  words: ['images', 'push'],
  summary: 'push the images by digest, sign them with the instance, and record the digests',
  details: [
    'No tag is written. What the registry gives back is compared with what was built; only then is it signed, and only',
    'then recorded. Credentials are those of "crane auth login" or of a credential helper (docs/images.md).',
    "With --sign, SIGSTORE_ID_TOKEN holds an ID token of the instance's issuer, and trust comes from the state directory",
    'or from --tuf-url and --tuf-root.',
  ].join('\n'),
  options: {
    images: { type: 'string', value: 'DIR', help: `what "images build" wrote (default: ./${defaultDirectory})` },
    registry: {
      type: 'string',
      value: 'HOST[/PREFIX]',
      multiple: true,
      help: 'each program has a repository below; several times for several regions',
    },
    record: { type: 'string', value: 'FILE', help: 'put the digests into this deployment.json (default: none)' },
    sign: { type: 'boolean', help: 'sign each image and SBOM with cosign and this instance' },
    ...stateOption,
    'tuf-url': {
      type: 'string',
      value: 'URL',
      help: 'the TUF repository of the instance that signs, instead of --state',
    },
    'tuf-root': { type: 'string', value: 'FILE', help: 'its pinned root (1.root.json); needed with --tuf-url' },
  },
  examples: [
    {
      command:
        'sigstead images push --registry 123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme --record deployment.json',
      explains: 'the repositories acme/fulcio, acme/ct-log, …; the stacks then use these digests',
    },
    {
      command: 'SIGSTORE_ID_TOKEN="$(sigstead login)" sigstead images push --registry 127.0.0.1:5000 --sign',
      explains: 'signed by the instance on this machine',
    },
  ],
  exitNotes: ['4    also: the registry gives back something else, or files changed since they were built'],
  run: push,
};

async function build(invocation: Invocation): Promise<Outcome> {
  const { options, talk } = invocation;
  const programs = chosenPrograms(options.text('programs'));
  const directory = resolve(options.text('out') ?? defaultDirectory);
  const manifest = await buildImages({
    ...{ programs, directory, invocation, hsm: hsmFlavour(programs, options) },
    database: options.text('vulnerability-database'),
  });
  const warnings = vulnerabilityWarnings(manifest);
  for (const warning of warnings) talk.warn(printable(warning));
  const lines = [...manifest.images].map(([program, { digest }]) => `${program} ${digest}\n`);
  const failed = options.flag('fail-on-vulnerabilities') && warnings.length > 0;
  const checked = manifest.vulnerabilities.status === 'checked';
  const code = checked ? exitCodes.evidence : exitCodes.environment;
  return { json: manifestJson(manifest), text: lines.join(''), exitCode: failed ? code : exitCodes.ok };
}

/** @throws CLI_USAGE unless there is a base where a program needs one, and only there */
function hsmFlavour(programs: readonly ImageProgram[], options: ParsedOptions): HsmFlavour | undefined {
  const [base, module, vendorFiles] = [options.text('base'), options.text('module'), options.texts('layer')];
  if (!programs.some(isForHsm)) {
    if (base === undefined && module === undefined && vendorFiles.length === 0) return undefined;
    throw usage('--base, --layer and --module: expected with a program that ends in -pkcs11 only', 'build');
  }
  if (base !== undefined && module?.startsWith('/')) return { base: parseBaseReference(base), vendorFiles, module };
  throw usage('programs that end in -pkcs11: expected --base and an absolute --module', 'build');
}

function vulnerabilityWarnings({ vulnerabilities, programs }: ImagesManifest): readonly string[] {
  const { status, reason } = vulnerabilities;
  if (status === 'not checked') return [`not checked for known vulnerabilities: ${reason ?? 'no reason is known'}`];
  return [...programs].flatMap(([program, { findings = [] }]) =>
    findings.map(
      ({ id, aliases, module, version, fixed, summary }) =>
        `${program}: ${[id, ...aliases].join(' ')}: ${module} ${version}: ${summary} (${fixed ? `fixed in ${fixed}` : 'no fix yet'})`,
    ),
  );
}

async function push(invocation: Invocation): Promise<Outcome> {
  const { options, environment, progress, signal } = invocation;
  const registries = options.texts('registry').map(parseRegistry);
  if (registries.length === 0) throw usage('expected --registry HOST[/PREFIX]');
  const directory = resolve(options.text('images') ?? defaultDirectory);
  const manifest = await readImagesManifest(directory);
  const record = options.text('record') === undefined ? undefined : resolve(options.text('record') ?? '');
  // A record that cannot be read is refused before anything is pushed.
  if (record !== undefined) await readRecord(record);
  const signing = options.flag('sign') ? await signingOf(invocation) : undefined;
  const servers = await ensureServers(['crane'], { env: environment, progress, signal });
  const crane = new Crane(servers.get('crane') ?? 'crane', environment, signal);
  await using signer = signing && (await ImageSigner.start(signing));
  const pushed = await pushImages({ manifest, directory, registries, crane, signer, progress });
  if (record !== undefined) await recordImages(record, manifest);
  return outcomeOf(pushed, record);
}

function outcomeOf(pushed: readonly PushedImage[], record: string | undefined): Outcome {
  return {
    json: toJson({ images: pushed, record: record ?? null }),
    text: pushed.map(({ reference }) => `${reference}\n`).join(''),
  };
}

/** @throws OPS_NO_TOKEN; OPS_NO_INSTANCE, OPS_NOT_RUNNING for the instance of a state directory */
async function signingOf(invocation: Invocation): Promise<ImageSignerOptions> {
  const identityToken = invocation.environment['SIGSTORE_ID_TOKEN'];
  if (!identityToken) {
    throw new ToolkitError('OPS_NO_TOKEN', {
      message: 'SIGSTORE_ID_TOKEN: expected an ID token of the issuer of the instance, got none',
      fault: 'input',
      hint: 'log in first: export SIGSTORE_ID_TOKEN="$(sigstead login)"',
    });
  }
  return { anchor: await anchorOf(invocation), identityToken, invocation };
}

async function anchorOf({ options, environment }: Invocation): Promise<TrustAnchor> {
  const [url, root] = [options.text('tuf-url'), options.text('tuf-root')];
  if (url !== undefined && root !== undefined) return { tufUrl: url, rootFile: resolve(root) };
  if (url !== undefined || root !== undefined) throw usage('expected --tuf-url and --tuf-root together');
  const state = new StateDirectory(statePath(options, environment));
  const facts = await readInstanceFacts(state);
  await assertReady(state);
  return { tufUrl: tufUrl(facts), rootFile: state.pinnedRootFile };
}

function usage(message: string, verb: 'build' | 'push' = 'push'): ToolkitError {
  return new ToolkitError('CLI_USAGE', { message, fault: 'input', hint: `run: sigstead images ${verb} --help` });
}
