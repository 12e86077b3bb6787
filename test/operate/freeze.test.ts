import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyStore } from '../../local/key-store.ts';
import { markerOf, type StateDirectory } from '../../local/state.ts';
import { namesOf } from '../../operate/aws/settings.ts';
import { rememberConfiguration } from '../../operate/configuration.ts';
import { awsFreezeSteps } from '../../operate/freeze/aws-commands.ts';
import { assertLogsOpen, findShard, frozenLogs, logShards } from '../../operate/freeze/log-shards.ts';
import { type FreezeOptions, runFreezeLog } from '../../operate/freeze/run-freeze-log.ts';
import { freezeCommand } from '../../operate/freeze.ts';
import type { Outcome } from '../../src/cli/command.ts';
import { type AwsConfig, type InstanceConfig, parseConfig, readConfig } from '../../src/config/config.ts';
import { readFileCapped } from '../../src/core/files.ts';
import { startProgram } from '../../src/process/supervised-program.ts';
import { projectDirectory } from '../support/instance.ts';
import { runCommand } from '../support/invocation.ts';
import { type LocalState, localState } from '../support/local-state.ts';
import { minimalConfig } from '../support/minimal-config.ts';
import { account, certifiedInstance, configOf, keyOf, region, writeRecord } from './aws/deployed.ts';

let local: LocalState;
let state: StateDirectory;
let config: InstanceConfig;

beforeEach(async () => {
  local = await localState();
  state = local.state;
  config = await minimalConfig();
  await rememberConfiguration(state, config);
});
afterEach(async () => await local[Symbol.asyncDispose]());

const rootHash = Buffer.alloc(32).toString('base64');
const signature = `— log.example ${Buffer.alloc(12).toString('base64')}\n`;

async function publish(id: string, name: string, extensions = ''): Promise<void> {
  await mkdir(state.dataOf(id), { recursive: true });
  await writeFile(join(state.dataOf(id), name), `log.example\n7\n${rootHash}\n${extensions}\n${signature}`);
}

/** Two shards of each kind. */
function sharded(): InstanceConfig {
  const text = config.text
    .replace('rekor: [{', 'rekor: [{ shard: log2025-1, key: file }, {')
    .replace('ct: [{', 'ct: [{ shard: ct2025-1, key: file }, {');
  return parseConfig(text, config.file);
}

describe('findShard', () => {
  it('accepts the name of a shard and that of its service', () => {
    expect(findShard(config, 'log2026-1')).toMatchObject({ id: 'rekor-log2026-1', kind: 'rekor', isLast: true });
    expect(findShard(config, 'ct-ct2026-1')).toMatchObject({ id: 'ct-ct2026-1', kind: 'ct', isLast: true });
    expect(logShards(sharded()).map(({ id, isLast }) => [id, isLast])).toEqual([
      ['rekor-log2025-1', false],
      ['rekor-log2026-1', true],
      ['ct-ct2025-1', false],
      ['ct-ct2026-1', true],
    ]);
  });

  it.each(['fulcio', 'log2026', 'LOG2026-1', '', '../rekor-log2026-1'])(
    'refuses %j, and lists the shards',
    (wanted) => {
      expect(() => findShard(config, wanted)).toThrowToolkit('OPS_UNKNOWN_SHARD', { known: ['log2026-1', 'ct2026-1'] });
    },
  );
});

describe('frozenLogs', () => {
  it('finds what the logs say of themselves', async () => {
    expect(await frozenLogs(config, state)).toEqual(new Set());
    await publish('rekor-log2026-1', 'checkpoint');
    await publish('ct-ct2026-1', 'checkpoint');
    expect(await frozenLogs(config, state)).toEqual(new Set());
    await publish('rekor-log2026-1', 'checkpoint', 'Log frozen — Sun Nov 22 10:00:00 UTC 2026\n');
    await publish('ct-ct2026-1', 'frozen', 'Log frozen — Sun Nov 22 10:00:00 UTC 2026\n');
    expect(await frozenLogs(config, state)).toEqual(new Set(['rekor-log2026-1', 'ct-ct2026-1']));
  });

  it('takes another extension line, and what is no checkpoint, for none', async () => {
    await publish('rekor-log2026-1', 'checkpoint', 'Log is not frozen — yet\n');
    expect(await frozenLogs(config, state)).toEqual(new Set());
    await writeFile(join(state.dataOf('rekor-log2026-1'), 'checkpoint'), 'Log frozen — \n');
    expect(await frozenLogs(config, state)).toEqual(new Set());
  });
});

describe('assertLogsOpen', () => {
  it('accepts frozen shards that others come after', () => {
    expect(() => assertLogsOpen(sharded(), new Set(['rekor-log2025-1', 'ct-ct2025-1']))).not.toThrow();
    expect(() => assertLogsOpen(config, new Set())).not.toThrow();
  });

  it.each([
    ['rekor-log2026-1', 'log2026-1'],
    ['ct-ct2026-1', 'ct2026-1'],
  ])('refuses %s, the last of its kind', (id, shard) => {
    expect(() => assertLogsOpen(sharded(), new Set([id]))).toThrowToolkit('OPS_SHARD_FROZEN', { shard });
  });
});

describe('awsFreezeSteps', () => {
  const production = async () => await readConfig(join(projectDirectory, 'examples', 'production.yaml'));
  const stepsFor = async (wanted: string, change: Partial<AwsConfig> = {}) => {
    const deployed = await production();
    if (!deployed.aws) throw new Error('expected a section aws');
    const aws = { ...deployed.aws, ...change };
    return awsFreezeSteps(findShard(deployed, wanted), { names: namesOf(deployed, aws), aws }).map(
      ({ command }) => command,
    );
  };
  const firstShard = async () => (await production()).logs.rekor[0]?.shard ?? '';

  it('stops the service and waits before it runs the task of the shard, in the region of the shard', async () => {
    const [stop, wait, run, read, ...rest] = await stepsFor(await firstShard(), { availability: 'dev' });
    const { instance } = await production();
    const id = `rekor-${await firstShard()}`;
    expect(stop).toMatch(/^aws ecs update-service --region [a-z0-9-]+ --cluster \S+ --service \S+ --desired-count 0$/);
    expect(wait).toContain(`aws ecs wait services-stable`);
    expect(run).toContain(`--task-definition ${instance.name}-${id}-freeze --launch-type FARGATE --count 1`);
    expect(read).toContain('--log-stream-name-prefix freeze-log');
    expect(rest).toEqual(['npx cdk deploy --all']);
    for (const command of [stop, wait, run]) expect(command).toContain(id);
  });

  it('keeps autoscaling from starting servers again', async () => {
    expect((await stepsFor(await firstShard(), { availability: 'ha' }))[0]).toContain('register-scalable-target');
  });

  it('refuses a CT shard whose key is not in KMS', async () => {
    const shard = (await production()).logs.ct[0]?.shard ?? '';
    expect(await stepsFor(shard, { ctLogServer: 'kms' })).not.toEqual([]);
    await expect(stepsFor(shard, { ctLogServer: 'upstream' })).rejects.toThrowToolkit('OPS_NO_FREEZE_TASK', { shard });
  });
});

describe('runFreezeLog', () => {
  let keys: KeyStore;
  beforeEach(async () => {
    keys = new KeyStore(state.keys);
    await keys.ensure('rekor-log2026-1', 'ecdsa-p256-sha256');
  });

  /** A shell script in the place of freeze-log. */
  const run = async (script: string, change: Partial<FreezeOptions> = {}) => {
    const program = join(state.path, 'freeze-log');
    await writeFile(program, `#!/bin/sh\n${script}\n`);
    await chmod(program, 0o700);
    const options = { program, state, keys, check: false, signal: new AbortController().signal };
    return await runFreezeLog(findShard(config, 'log2026-1'), { ...options, ...change });
  };
  const frozen = { origin: 'log.example', kind: 'rekor', size: 7, rootHash, file: 'checkpoint', already: false };
  const answer = `echo '${JSON.stringify({ ...frozen, frozenAt: 'now' })}'`;
  const readKey =
    'for word in "$@"; do case "$word" in --key-file=*) cat "$(echo "$word" | cut -d= -f2)" >&2;; esac; done';

  it('hands the key over through a pipe that is gone afterwards', async () => {
    const checked = `case "$*" in *PRIVATE*) exit 9;; esac; ${readKey} 2>"${state.path}/got"; echo "$@" >"${state.path}/arguments"; ${answer}`;
    expect(await run(checked)).toEqual({ ...frozen, frozenAt: 'now' });
    expect(Buffer.from(await readFileCapped(join(state.path, 'got'), 4_096)).toString()).toMatch(
      /^-----BEGIN PRIVATE KEY-----/,
    );
    const given = Buffer.from(await readFileCapped(join(state.path, 'arguments'), 4_096)).toString();
    expect(given).toContain(`--directory=${state.dataOf('rekor-log2026-1')}`);
    expect(given).not.toContain('--check');
    expect((await readdir(state.run)).filter((name) => name.endsWith('.pipe'))).toEqual([]);
  });

  it('says whose fault a refusal is, in the words of the program', async () => {
    for (const [code, fault] of [
      [3, 'input'],
      [4, 'evidence'],
      [5, 'environment'],
      [2, 'environment'],
    ] as const) {
      const said = `echo "freeze-log: error: the tiles differ" >&2; echo "freeze-log: hint: look" >&2; exit ${code}`;
      await expect(run(said)).rejects.toMatchObject({
        code: 'OPS_FREEZE_REFUSED',
        fault,
        message: 'rekor-log2026-1: the tiles differ',
        hint: 'look',
      });
    }
  });

  it('refuses an answer that is not of our program', async () => {
    await expect(run(`${readKey} 2>/dev/null; echo '{"size":7}'`)).rejects.toThrowToolkit('OPS_FREEZE_REFUSED');
    await expect(run('exit 0')).rejects.toThrowToolkit('CORE_JSON');
  });

  it('refuses to start without the key', async () => {
    await expect(run(answer, { keys: new KeyStore(join(state.path, 'none')) })).rejects.toThrowToolkit(
      'CORE_FILE_MISSING',
    );
  });
});

describe('freeze', () => {
  const run = async (...words: readonly string[]) => await runCommand(freezeCommand, words);

  it('refuses a shard that is not there, and a directory without an instance', async () => {
    await expect(run('log1999', '--state', state.path)).rejects.toThrowToolkit('OPS_UNKNOWN_SHARD');
    await expect(run('log2026-1', '--state', `${state.path}-other`)).rejects.toThrowToolkit('OPS_NO_INSTANCE');
  });

  it.each([
    [['log2026-1', '--config', 'sigstead.yaml']],
    [['log2026-1', '--aws', '--check']],
    [['log2026-1', '--aws', '--state', '/tmp/x']],
    [[]],
  ])('refuses %j', async (words) => {
    await expect(run(...words)).rejects.toThrowToolkit('CLI_USAGE');
  });

  it('refuses while a server runs that a killed "up" left behind', async () => {
    const left = await startProgram({
      ...{ name: 'left', file: '/bin/sleep', args: ['60'], cwd: state.path, logFile: join(state.path, 'left.log') },
      env: { SIGSTEAD_INSTANCE: await markerOf(state, local.facts) },
    });
    const refused = run('log2026-1', '--state', state.path);
    await expect(refused).rejects.toThrowToolkit('OPS_FREEZE_RUNNING', { state: state.path, processes: 1 });
    await left.stop(1_000);
  });

  it('refuses --aws for an instance that is not deployed', async () => {
    const words = ['log2026-1', '--aws', '--config', config.file];
    await expect(run(...words)).rejects.toThrowToolkit('OPS_NOT_ON_AWS');
  });

  it('prints the commands for AWS, and does nothing', async () => {
    const file = join(projectDirectory, 'examples', 'production.yaml');
    const [shard] = (await readConfig(file)).logs.rekor;
    const { outcome } = await run(shard?.shard ?? '', '--aws', '--config', file);
    expect(outcome?.text).toMatch(/^# .*\naws [\s\S]*aws ecs run-task/);
    expect(outcome?.json).toMatchObject({ service: `rekor-${shard?.shard}`, shard: shard?.shard });
  });

  it('prints a task that looks at no database, for a log whose database was set back', async () => {
    await using instance = await certifiedInstance();
    const words = ['log2026-1', '--aws', '--without-database', '--config', instance.files.at('sigstead.yaml')];
    const { outcome } = await run(...words);
    const { steps } = (outcome as Outcome).json as unknown as { steps: readonly { command: string }[] };
    const [, overrides = ''] =
      /--overrides '(.+)'$/.exec(steps.find(({ command }) => /run-task/.test(command))?.command ?? '') ?? [];
    const [{ command }] = (JSON.parse(overrides) as { containerOverrides: [{ command: string[] }] }).containerOverrides;
    expect(command.slice(0, 2)).toEqual(['/bin/freeze-log', '--kind=rekor']);
    expect(command.filter((word) => word.startsWith('--db-'))).toEqual([]);
    expect(command.at(-1)).toMatch(/^--kms-key=awskms:\/\/\/arn:aws:kms:/);
  });

  it('names a key in the HSM, and refuses where the configuration does not say where that is', async () => {
    await using instance = await certifiedInstance();
    const { files, keys } = instance;
    const inHsm = { uri: 'pkcs11:token=servers;object=ct;type=private', publicKey: keyOf(keys, 'ct-ct2026-1') };
    await writeRecord(files, new Map(), new Map([['ct-ct2026-1', inHsm]]));
    const configured = (hsm: string) =>
      configOf({ aws: `aws: { account: '${account}', regions: [${region}]${hsm} }` }).replace(
        'ct: [{',
        "ct: [{ key: 'pkcs11:token=servers;object=ct',",
      );
    const words = ['ct2026-1', '--aws', '--without-database', '--config', files.at('sigstead.yaml')];
    await files.write('sigstead.yaml', configured(', hsm: { module: /m.so, network: 10.0.8.0/24 }'));
    const { outcome } = await run(...words);
    expect(outcome?.text).toContain('"--kms-key=pkcs11://token=servers;object=ct;type=private"');
    await files.write('sigstead.yaml', configured(''));
    const refused = run(...words);
    await expect(refused).rejects.toThrowToolkit('AWS_PREFLIGHT', { service: 'ct-ct2026-1' });
    await expect(refused).rejects.toThrow('aws.hsm');
  });

  it('refuses --without-database for a local instance, which has none', async () => {
    await expect(run('log2026-1', '--without-database')).rejects.toThrowToolkit('CLI_USAGE');
  });
});
