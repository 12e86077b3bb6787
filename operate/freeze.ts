import { resolve } from 'node:path';
import type { Placement } from '../lib/render.ts';
import { freezeCommand as freezeShardCommand } from '../lib/render-freeze.ts';
import { KeyStore } from '../local/key-store.ts';
import { ensureServers } from '../local/servers.ts';
import { markerOf, StateDirectory, type StateFacts } from '../local/state.ts';
import type { Command, Invocation, Outcome, ParsedOptions } from '../src/cli/command.ts';
import { ToolkitError } from '../src/core/error.ts';
import { asStep } from '../src/core/progress.ts';
import { shellWord } from '../src/core/shell.ts';
import { findMarked } from '../src/process/marked-processes.ts';
import type { ServiceKey } from '../src/services/deployment.ts';
import { type DeploymentFiles, deploymentFilesAt, recordedKey } from './aws/settings.ts';
import { instanceConfiguration } from './configuration.ts';
import { awsFreezeSteps } from './freeze/aws-commands.ts';
import { findShard, type LogShard } from './freeze/log-shards.ts';
import { type FrozenLog, runFreezeLog } from './freeze/run-freeze-log.ts';
import { readInstanceFacts } from './instance-facts.ts';
import { takeState } from './run-record.ts';
import { stateOption, statePath } from './settings.ts';

export const freezeCommand: Command = {
  words: ['freeze'],
  summary: 'end a log shard: its key says that no other checkpoint follows',
  details: [
    'Derives the whole log again from its entries first, and writes nothing where it is not what its checkpoint says.',
    'A Rekor shard ends with the line "Log frozen — TIME" in its checkpoint; a CT shard, whose checkpoint can hold no',
    'such line, with a second signed note beside it, "frozen". What is in the log stays readable and goes on verifying;',
    'no entry is ever added again. The instance must be down. SHARD is named as in the configuration.',
  ].join('\n'),
  positionals: ['SHARD'],
  options: {
    ...stateOption,
    check: { type: 'boolean', help: 'do everything but sign and write' },
    aws: { type: 'boolean', help: 'print the commands that freeze a shard on AWS, and do nothing' },
    config: { type: 'string', value: 'FILE', help: 'with --aws: the configuration (default: sigstead.yaml)' },
    'without-database': {
      type: 'boolean',
      help: 'with --aws: look at what is published alone, for a log whose database is lost or was set back',
    },
  },
  examples: [
    { command: 'sigstead freeze log2026-1 --check', explains: 'see whether it could be frozen' },
    { command: 'sigstead freeze log2026-1', explains: 'end this shard of the instance on this machine' },
    { command: 'sigstead freeze log2026-1 --aws', explains: 'how to end it where it is deployed' },
  ],
  exitNotes: [
    '0    also: the shard was frozen before',
    '4    also: the log does not hold what its checkpoint says',
    '5    also: the instance is up',
  ],
  run: freeze,
};

async function freeze(invocation: Invocation): Promise<Outcome> {
  const { options } = invocation;
  const [wanted = ''] = invocation.positionals;
  if (options.flag('aws')) return await printCommands(wanted, options);
  if (options.text('config') !== undefined || options.flag('without-database')) {
    throw misused('--config and --without-database are for --aws: a local instance has its own copy, and no database');
  }
  return await freezeHere(wanted, invocation);
}

async function printCommands(wanted: string, options: ParsedOptions): Promise<Outcome> {
  if (options.flag('check') || options.text('state') !== undefined) {
    throw misused('--aws prints commands and looks at nothing: --check and --state are for a local instance');
  }
  const files = await deploymentFilesAt(resolve(options.text('config') ?? 'sigstead.yaml'));
  const { config, aws, names } = files;
  const log = findShard(config, wanted);
  const command = options.flag('without-database') ? commandWithoutDatabase(log, files) : undefined;
  const steps = awsFreezeSteps(log, { names, aws, ...(command && { command }) });
  return {
    json: { shard: log.shard.shard, service: log.id, steps: steps.map((step) => ({ ...step })) },
    text: steps.map(({ why, command }) => `# ${why}\n${command}\n`).join(''),
  };
}

/** @throws OPS_KEY_UNRECORDED, AWS_PREFLIGHT */
function commandWithoutDatabase({ id, kind, shard }: LogShard, files: DeploymentFiles): readonly string[] {
  const key = recordedKey(files, id);
  const publicKeyPem = key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const log = { kind, origin: shard.origin, publicKeyPem };
  const place = { names: files.names, region: shard.region ?? files.names.writeRegion, log };
  return freezeShardCommand(id, { ...place, ...placeOfKey(id, key, files) });
}

function placeOfKey(
  id: string,
  key: ServiceKey,
  { aws, config }: DeploymentFiles,
): Pick<Placement, 'key' | 'hsm' | 'tink'> {
  if ('arn' in key) return { key };
  if ('keyset' in key) return { tink: key };
  if (aws.hsm) return { hsm: { ...aws.hsm, uri: key.uri } };
  throw new ToolkitError('AWS_PREFLIGHT', {
    message: `${config.file}: aws.hsm: expected where the HSM with the key of ${id} is, got nothing`,
    fault: 'input',
    data: { service: id },
    hint: 'say where the HSM is: aws.hsm (docs/hsm.md)',
  });
}

async function freezeHere(wanted: string, invocation: Invocation): Promise<Outcome> {
  const { environment, options, progress, signal, talk } = invocation;
  const state = new StateDirectory(statePath(options, environment));
  const facts = await readInstanceFacts(state);
  const config = await instanceConfiguration(options, state);
  const log = findShard(config, wanted);
  const check = options.flag('check');
  const lock = await takeState(state);
  try {
    await assertStopped(state, facts);
    const programs = await ensureServers(['freeze-log'], { env: environment, progress, signal });
    const program = programs.get('freeze-log') ?? 'freeze-log';
    const keys = new KeyStore(state.keys);
    const frozen = await asStep(progress, `reading ${log.id} from its first entry`, () =>
      runFreezeLog(log, { program, state, keys, check, signal }),
    );
    if (log.isLast && !check) {
      talk.warn(`${log.shard.shard} is the last of its kind: "up" needs a shard after it from now on`);
    }
    return outcomeOf(log, frozen);
  } finally {
    lock.release();
  }
}

/** We hold the lock, so no `up` runs; a server that a killed one left behind would still publish. */
async function assertStopped(state: StateDirectory, facts: StateFacts): Promise<void> {
  const left = await findMarked(await markerOf(state, facts));
  if (left.length === 0) return;
  throw new ToolkitError('OPS_FREEZE_RUNNING', {
    message: `${state.path}: ${left.length} processes of this instance still run`,
    fault: 'environment',
    data: { state: state.path, processes: left.length },
    hint: `stop them with: sigstead down --state ${shellWord(state.path)}`,
  });
}

function outcomeOf({ id, shard }: LogShard, { size, rootHash, file, frozenAt, already }: FrozenLog): Outcome {
  const entries = `${size} ${size === 1 ? 'entry' : 'entries'}`;
  const text =
    frozenAt === undefined
      ? `${shard.shard}: can be frozen with its ${entries}\n`
      : `${shard.shard}: frozen ${already ? 'before, ' : ''}at ${frozenAt}, with ${entries}\n`;
  return { json: { shard: shard.shard, service: id, size, rootHash, file, frozenAt: frozenAt ?? null, already }, text };
}

function misused(message: string): ToolkitError {
  return new ToolkitError('CLI_USAGE', { message, fault: 'input', hint: 'see: sigstead freeze --help' });
}
