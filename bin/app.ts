import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { databaseCaOf } from '../lib/database-ca.ts';
import { assertInvariants } from '../lib/guardrails/guard.ts';
import { addNag } from '../lib/guardrails/nag.ts';
import { composeInstance, type InstanceOptions } from '../lib/instance-stacks.ts';
import { synthesisFilesAt } from '../operate/aws/settings.ts';
import { bundleFunctions } from '../operate/functions/bundle.ts';
import { utf8 } from '../src/core/bytes.ts';
import { describeCause, exitCodeOf, ToolkitError } from '../src/core/error.ts';
import { readFileCapped, readFileIfPresent } from '../src/core/files.ts';
import { printableLines } from '../src/core/printable.ts';

/*
 * The CDK app: `npx cdk synth|diff|deploy`. What it makes follows from sigstead.yaml and what is recorded beside it.
 * cdk.json has it keep what it loads compiled, in the checkout: below /tmp others could put their code.
 *   -c config=FILE       the configuration (default: sigstead.yaml)
 *   -c deployment=DIR    where deployment.json and trust-material.json are (default: beside the configuration)
 *   -c databaseCa=FILE   CA certificates of the databases (default: Amazon's, of each region)
 *   -c writeOnce=false   for an emulator that does not know conditional writes: objects may then be overwritten
 *   -c complete=true     fail where a service cannot be deployed yet, instead of leaving it out
 */

const runbook = fileURLToPath(new URL('../docs/operator-runbook.md', import.meta.url));

/** Whether each file that describes the deployment could be read by itself. */
let areFilesWhole = false;

const say = (line: string) => process.stderr.write(`${printableLines(line)}\n`);

try {
  const app = new App();
  const context = (name: string): string | undefined => {
    const value: unknown = app.node.tryGetContext(name);
    return value === undefined ? undefined : String(value);
  };
  const files = await synthesisFilesAt(context('config') ?? 'sigstead.yaml', context('deployment'));
  areFilesWhole = true;
  const databaseCa = context('databaseCa');
  const pem = databaseCa === undefined ? undefined : await readFile(resolve(databaseCa), 'utf8');
  const databaseCaIn = (region: string) => pem ?? databaseCaOf(region);
  const rootSigning = dirname(files.config.rootPolicyFile);
  const pinnedRoot = await readFileIfPresent(join(rootSigning, 'metadata', 'root_history', '1.root.json'), 1 << 20);
  const functions = await bundleFunctions(resolve(app.outdir, '..', 'dist', 'functions'), {
    databaseCa: utf8((pem === undefined ? files.aws.regions : ['']).map(databaseCaIn).join('')),
    policy: await readFileCapped(files.config.rootPolicyFile, 1 << 20),
    ...(pinnedRoot && { pinnedRoot }),
  });
  const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
  const instance: InstanceOptions = {
    ...files,
    functions,
    databaseCa: databaseCaIn,
    caller: { ...(account !== undefined && { account }), ...(region !== undefined && { region }) },
    complete: context('complete') === 'true',
    rootPinned: pinnedRoot !== undefined,
    writeOnce: context('writeOnce') !== 'false',
    now: new Date(),
  };
  const { waiting, warnings } = composeInstance(app, instance);
  for (const warning of [...files.config.warnings.map(({ message }) => message), ...warnings])
    say(`warning: ${warning}`);
  for (const { service, missing, next } of waiting) say(`${service}: not deployed yet: ${missing}\n  next: ${next}`);
  addNag(app, instance);
  assertInvariants(app.synth(), instance, await readFile(runbook, 'utf8'));
} catch (error) {
  process.exitCode = exitCodeOf(error);
  say(`error: ${error instanceof ToolkitError ? error.message : describeCause(error)}`);
  if (error instanceof ToolkitError && error.hint !== undefined) say(`hint: ${error.hint}`);
  if (error instanceof ToolkitError && !areFilesWhole)
    say(
      'that is all that each file says by itself; once all are whole they are held against each other, all at once, too',
    );
  if (!(error instanceof ToolkitError) && error instanceof Error) say(error.stack ?? '');
}
