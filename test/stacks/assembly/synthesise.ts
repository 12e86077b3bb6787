import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type AppProps } from 'aws-cdk-lib';
import type { Assembly } from '../../../lib/guardrails/assembly.ts';
import { assemblyOf } from '../../../lib/guardrails/assembly.ts';
import { type ComposedInstance, composeInstance, type InstanceOptions } from '../../../lib/instance-stacks.ts';
import { parseConfig } from '../../../src/config/config.ts';
import { runProgram } from '../../../src/process/run-program.ts';
import { emptyRecord } from '../../../src/services/deployment.ts';
import { projectDirectory } from '../../support/instance.ts';
import { complete, now } from '../services/support.ts';

export const profiles = ['ha-public', 'dev', 'private', 'two-regions', 'phase-1', 'cognito', 'hsm'] as const;
export type Profile = (typeof profiles)[number];

/** A text of `examples/production.yaml`, and what stands there instead. */
export type Edit = readonly [string, string];

/** As its outputs say once the stack is there. */
const cognito = '  - { preset: cognito, userPool: eu-central-1_AbCdEfGhI, clientId: 1h57kf5cpq17m0eml12EXAMPLE }';

const hsm: readonly Edit[] = [
  ['  # hsm: {', '  hsm: {'],
  ['  key: awskms\n  # Who runs', '  key: pkcs11:token=hsm1;object=fulcio\n  # Who runs'],
  [
    '      key: awskms\n      operator: log2026-1',
    '      key: tink:arn:aws:kms:eu-central-1:012345678901:key/01234567-89ab-cdef-0123-456789abcdef\n      operator: log2026-1',
  ],
  ['{ shard: ct2026-1, key: awskms }', "{ shard: ct2026-1, key: 'pkcs11:token=hsm1;object=ct' }"],
  [
    'host: tsa-1.sigstore.acme.example, key: awskms',
    "host: tsa-1.sigstore.acme.example, key: 'pkcs11:token=hsm2;id=%01'",
  ],
];

/** What a profile changes in `examples/production.yaml`: each text must be in it. */
const edits: Readonly<Record<Profile, readonly Edit[]>> = {
  'ha-public': [],
  dev: [['availability: ha', 'availability: dev']],
  private: [
    ['access: public', 'access: private'],
    ['writers: anyone', 'writers: certificate'],
  ],
  'two-regions': [
    ['regions: [eu-central-1]', 'regions: [eu-central-1, eu-west-1]'],
    ['  ct:\n', '    - { shard: log2026-2, region: eu-west-1 }\n  ct:\n'],
    ['host: tsa-2.sigstore.acme.example,', 'host: tsa-2.sigstore.acme.example, region: eu-west-1,'],
    ['frozen: []', 'frozen: [log2026-1]'],
  ],
  'phase-1': [],
  hsm,
  cognito: [['  - { preset: entra-id, tenant: 01234567-89ab-cdef-0123-456789abcdef, clientId: sigstore }', cognito]],
};

export const productionFile = join(projectDirectory, 'examples', 'production.yaml');
const productionText = readFileSync(productionFile, 'utf8');

export function productionWith(changes: readonly Edit[]): string {
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`examples/production.yaml: expected ${from}`);
    return text.replace(from, () => to);
  }, productionText);
}

/** Everything that an instance is composed of. Keys are new ones each time: what is compared has one of these. */
export async function instanceOf(profile: Profile): Promise<InstanceOptions> {
  return await instanceFrom(productionWith(edits[profile]), profile !== 'phase-1');
}

export async function instanceFrom(text: string, recorded = true): Promise<InstanceOptions> {
  const config = parseConfig(text, productionFile);
  if (config.aws === undefined) throw new Error('the example has a section aws');
  const deployment = await complete({ config, aws: config.aws });
  return {
    ...deployment,
    ...(recorded ? {} : { record: emptyRecord, material: undefined }),
    ...{ functions, caller: {}, complete: recorded, rootPinned: recorded, writeOnce: true, now },
  };
}

const temporary = mkdtempSync(join(tmpdir(), 'sigstead-assembly-'));
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));

/** Functions are bundled, and their bundles tested, elsewhere; templates name them by what is in them. */
const functions: InstanceOptions['functions'] = new Map(
  (['shard-database', 'resign-online', 'prober', 'monitor'] as const).map((name) => {
    const directory = mkdtempSync(join(temporary, name));
    writeFileSync(join(directory, 'index.mjs'), `export const handler = async () => '${name}';\n`);
    return [name, directory] as const;
  }),
);

export interface Synthesised extends ComposedInstance {
  readonly instance: InstanceOptions;
  readonly assembly: Assembly;
}

/** An app as `npx cdk` starts it, but where it writes. */
export function newApp(props: AppProps = {}): App {
  const { context } = JSON.parse(readFileSync(join(projectDirectory, 'cdk.json'), 'utf8')) as { context: object };
  return new App({ analyticsReporting: false, outdir: mkdtempSync(join(temporary, 'out-')), context, ...props });
}

/**
 * Composes and synthesises an instance, without the rules of aws-cdk-lib and of cdk-nag, which take many times as long:
 * `nag.test.ts` runs both over the same templates.
 */
export function synthesise(instance: InstanceOptions): Synthesised {
  const app = newApp({ builtinCloudFormationValidation: false });
  const composed = composeInstance(app, instance);
  return { ...composed, instance, assembly: assemblyOf(app.synth()) };
}

let synthesising: Promise<string> | undefined;

/**
 * What every profile makes, synthesised once in a process: by a program of its own, since CDK takes many times as long
 * inside of Jest. Its keys are others than those of `instance`. Whoever changes a template changes a copy.
 */
export async function assembly(profile: Profile): Promise<Synthesised> {
  synthesising ??= runSynthesis();
  const text = await readFile(join(await synthesising, `${profile}.json`), 'utf8');
  return { ...(JSON.parse(text) as Omit<Synthesised, 'instance'>), instance: await instanceOf(profile) };
}

/** Returns the bytes of the same instance, synthesised twice. */
export async function synthesisedTwice(): Promise<readonly [string, string]> {
  synthesising ??= runSynthesis();
  const directory = await synthesising;
  return [
    await readFile(join(directory, 'ha-public.json'), 'utf8'),
    await readFile(join(directory, 'again.json'), 'utf8'),
  ];
}

async function runSynthesis(): Promise<string> {
  const directory = mkdtempSync(join(temporary, 'synthesised-'));
  const { exitCode, stderr } = await runAssemblyProgram('synthesise-program.ts', directory);
  if (exitCode !== 0) throw new Error(stderr);
  return directory;
}

/** Runs one of the programs beside this file. */
export async function runAssemblyProgram(file: string, ...args: readonly string[]) {
  return await runProgram({
    file: process.execPath,
    args: [join(import.meta.dirname, file), ...args],
    env: { PATH: process.env['PATH'] ?? '' },
    timeoutMs: 120_000,
  });
}
