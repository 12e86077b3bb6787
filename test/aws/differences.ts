import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { runCdk } from '../support/aws/cdk.ts';
import { account } from '../support/aws/emulated-aws.ts';
import type { Stage } from '../support/aws/stage.ts';

/** Where a change set cannot be made, the CLI falls back to comparing templates: that would be another test. */
const judged = 'by change sets';

/** What `cdk diff` says, before anybody deploys. */
export function differenceCases(stage: () => Stage): void {
  it('finds no difference between the configuration and what is deployed', async () => {
    const same = await assemblyOf(stage(), (text) => text);
    expect(await diff(stage(), same, 'any-change')).toEqual({ exitCode: 0, changed: [], judged });
  }, 120_000);

  it('tells the stacks that a change changes, and fails where it broadens or destroys', async () => {
    const changed = await assemblyOf(stage(), (text) =>
      text
        .replace(/^ {2}auditors: \[/m, `$&'arn:aws:iam::${account}:role/key-administrators', `)
        .replace(/^ {2}network: .*$/m, '  network: 10.65.0.0/16'),
    );
    const told = (exitCode: number, ...stacks: readonly string[]) => ({ exitCode, changed: stacks, judged });
    const [roles, network] = ['acme-KeyRoles', 'acme-Network'];
    expect(await diff(stage(), changed, 'any-change')).toEqual(told(1, roles, network));
    expect(await diff(stage(), changed, 'broadening', roles)).toEqual(told(1, roles));
    expect(await diff(stage(), changed, 'destructive', roles)).toEqual(told(0, roles));
    expect(await diff(stage(), changed, 'destructive', network)).toEqual(told(1, network));
  }, 120_000);
}

/** What would be deployed of a changed configuration. */
async function assemblyOf(stage: Stage, change: (text: string) => string): Promise<string> {
  const { aws, config, synth, unknownTypes } = stage;
  const other = join(aws.directory, 'changed.yaml');
  await writeFile(other, change(await readFile(config, 'utf8')));
  const words = synth.map((word) => (word === `config=${config}` ? `config=${other}` : word));
  return (await aws.synthesise([...words, '-c', 'complete=true'], unknownTypes)).assembly;
}

async function diff({ aws }: Stage, assembly: string, failOn: string, ...stacks: readonly string[]) {
  const only = stacks.length > 0 ? ['--exclusively'] : [];
  const { exitCode, stdout, stderr } = await runCdk(
    ['diff', ...stacks, ...only, '-a', assembly, `--fail-on=${failOn}`, '--quiet'],
    { environment: aws.emulator.environmentOf(account) },
  );
  const said = `${stdout}${stderr}`;
  const changed = [...said.matchAll(/^Stack (\S+) \(/gm)].map(([, name]) => name);
  return { exitCode, changed, judged: said.includes('Could not create a change set') ? 'by templates' : judged };
}
