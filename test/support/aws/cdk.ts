import { createHash } from 'node:crypto';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProgramResult, runProgram } from '../../../src/process/run-program.ts';
import { projectDirectory } from '../instance.ts';

export interface CdkOptions {
  /** From the emulator, for one account. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** @default the project, whose cdk.json names the app */
  readonly cwd?: string;
}

/** Runs the CDK's command line as users do, and returns what it said. */
export async function cdk(words: readonly string[], options: CdkOptions): Promise<string> {
  const ran = await runCdk(words, options);
  if (ran.exitCode === 0) return `${ran.stdout}${ran.stderr}`;
  throw new Error(`cdk ${words.join(' ')}: exit code ${ran.exitCode}\n${`${ran.stdout}${ran.stderr}`.slice(-6_000)}`);
}

/** Runs it to whatever end: with the Node and the CLI of this project. */
export async function runCdk(words: readonly string[], options: CdkOptions): Promise<ProgramResult> {
  const { environment, timeoutMs = 300_000, cwd = projectDirectory } = options;
  return await runProgram({
    file: join(projectDirectory, 'node_modules', '.bin', 'cdk'),
    args: [...words, '--no-color'],
    env: {
      PATH: `${join(projectDirectory, 'node_modules', '.bin')}:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: process.env['HOME'] ?? '/root',
      CI: 'true',
      ...environment,
    },
    cwd,
    timeoutMs,
    maxOutputBytes: 64 << 20,
  });
}

/** Tells the reader of a test what an instance was deployed without, by type and number. */
export function tellLeftOut(instance: string, leftOut: ReadonlyMap<string, number>): void {
  const types = [...leftOut].map(([type, count]) => `${count} ${type}`).join(', ');
  process.stderr.write(`${instance}: left out, because the emulator does not know them: ${types || 'nothing'}\n`);
}

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

type Template = { Resources: Record<string, Resource>; Outputs?: unknown };

/** An alarm on a calculation is another thing to the emulator than one on a metric. */
export const alarmOnMath = 'AWS::CloudWatch::Alarm (metric math)';

/** Types of resources that the emulator does not know, of those that every instance has. The list may only become shorter. */
export const unknownEverywhere: readonly string[] = [
  'AWS::CloudTrail::Trail',
  alarmOnMath,
  'AWS::EC2::EIP',
  'AWS::EC2::FlowLog',
  'AWS::EC2::NatGateway',
  'AWS::EC2::SecurityGroupEgress',
  'AWS::EC2::SecurityGroupIngress',
  'AWS::WAFv2::LoggingConfiguration',
  'AWS::WAFv2::WebACLAssociation',
];

function kindOf({ Type, Properties }: Resource): string {
  return Type === 'AWS::CloudWatch::Alarm' && Properties?.['Metrics'] !== undefined ? alarmOnMath : Type;
}

/**
 * Copies an assembly without the resources of the types that the emulator does not know, and returns those types with
 * the number of resources: a template with one of them would be rejected whole. What referred to them gets a word.
 */
export async function withoutTypes(
  assembly: string,
  options: { readonly to: string; readonly types: ReadonlySet<string> },
): Promise<ReadonlyMap<string, number>> {
  await cp(assembly, options.to, { recursive: true });
  const left = new Map<string, number>();
  const renamed = new Map<string, string>();
  const names = await readdir(options.to);
  for (const name of names.filter((each) => each.endsWith('.template.json'))) {
    const path = join(options.to, name);
    const text = await readFile(path, 'utf8');
    const template = JSON.parse(text) as Template;
    const gone = Object.entries(template.Resources).filter(([, resource]) => options.types.has(kindOf(resource)));
    for (const [id, resource] of gone) {
      left.set(kindOf(resource), (left.get(kindOf(resource)) ?? 0) + 1);
      delete template.Resources[id];
    }
    // A template that has other outputs and nothing else is no change to the emulator; to AWS it is one.
    const outputs = createHash('sha256')
      .update(JSON.stringify(template.Outputs ?? {}))
      .digest('hex')
      .slice(0, 16);
    template.Resources[`Outputs${outputs}`] = { Type: 'AWS::CloudFormation::WaitConditionHandle' };
    const known = withoutReferences(withRanges(template), new Set(gone.map(([id]) => id)));
    const filtered = JSON.stringify(known, undefined, 1);
    await writeFile(path, filtered);
    renamed.set(name, createHash('sha256').update(filtered).digest('hex'));
  }
  await renameAssets(options.to, names, renamed);
  return new Map([...left].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The upload of a template is named by its hash: the old name would be the old template. */
async function renameAssets(
  directory: string,
  names: readonly string[],
  renamed: ReadonlyMap<string, string>,
): Promise<void> {
  const replacements: [string, string][] = [];
  for (const name of names.filter((each) => each.endsWith('.assets.json'))) {
    const assets = JSON.parse(await readFile(join(directory, name), 'utf8')) as {
      files: Record<string, { source: { path: string } }>;
    };
    for (const [hash, { source }] of Object.entries(assets.files)) {
      const to = renamed.get(source.path);
      if (to !== undefined) replacements.push([hash, to]);
    }
  }
  for (const name of names.filter((each) => each.endsWith('.assets.json') || each === 'manifest.json')) {
    const path = join(directory, name);
    const text = await readFile(path, 'utf8');
    await writeFile(
      path,
      replacements.reduce((changed, [from, to]) => changed.replaceAll(from, to), text),
    );
  }
}

/** The emulator does not tell the range of a VPC, which stands beside it in the template. */
function withRanges(template: Template): Template {
  const ranges = Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) =>
    Type === 'AWS::EC2::VPC' ? [[id, Properties?.['CidrBlock']] as const] : [],
  );
  const reference = (id: string) => JSON.stringify({ 'Fn::GetAtt': [id, 'CidrBlock'] });
  const text = ranges.reduce(
    (changed, [id, range]) => changed.replaceAll(reference(id), JSON.stringify(range)),
    JSON.stringify(template),
  );
  return JSON.parse(text) as Template;
}

function withoutReferences(value: unknown, gone: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutReferences(item, gone));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (only && entries.length === 1) {
    const [kind, target] = only;
    // The one reference across regions: the emulator looks for a stack in its own region only.
    if (kind === 'Fn::GetStackOutput') return `arn:aws:acm:us-east-1:${'0'.repeat(12)}:certificate/left-out`;
    const id =
      kind === 'Ref' ? target : kind === 'Fn::GetAtt' ? (Array.isArray(target) ? target[0] : target) : undefined;
    if (typeof id === 'string' && gone.has(id)) return `left-out-${id}`;
  }
  return Object.fromEntries(
    entries.flatMap(([key, item]) => {
      if (key !== 'DependsOn') return [[key, withoutReferences(item, gone)]];
      const kept = [item].flat().filter((id) => !gone.has(String(id)));
      return kept.length > 0 ? [[key, kept]] : [];
    }),
  );
}
