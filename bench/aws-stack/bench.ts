import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { portOf } from '../../lib/server-ports.ts';
import { readFileCapped } from '../../src/core/files.ts';
import { parseTrustMaterial } from '../../src/trust/material.ts';
import { Deployment } from '../../test/support/aws/deployment.ts';
import { region } from '../../test/support/aws/emulated-aws.ts';
import { deployedLogs } from '../../test/support/aws/log-state.ts';
import { Signatories } from '../load/signatories.ts';
import { cpuBetween, percent, sharesOf } from './cpu.ts';
import { compareCtLogs } from './ct-log-cost.ts';
import { entryStart } from './entry-starts.ts';
import { type Party, readCpu } from './processes.ts';
import { bestOf, type Climb, type Measured, type Step, summaryOf } from './report.ts';
import { stillRises } from './rise.ts';
import { sign, type Trust } from './signature.ts';
import { startUpstreamCtLog } from './upstream-ct-log.ts';
import { startFront, throughBalancer, toTasks, type Way } from './ways.ts';
import { failuresOf, runWindow } from './window.ts';

export interface AwsStackOptions {
  /** How many clients sign at once, step by step. */
  readonly clients: readonly number[];
  /** What is counted of each step, after so many seconds of warming up. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Who may write to Rekor: with `certificate`, our gate judges each entry. */
  readonly writers: 'anyone' | 'certificate';
  readonly say: (line: string) => void;
}

const ctLog = 'ct-ct2026-1';
const emulator = 'emulator';
const front = 'front';
const loadClient = 'load client';
const comparedRounds = 3;

/** Deploys production.yaml into emulated AWS, and raises the rate of signatures on each way to its servers. */
export async function benchAwsStack(options: AwsStackOptions): Promise<Measured> {
  await using deployment = await Deployment.begin();
  options.say('deploying production.yaml into the emulator: minutes');
  await setWriters(deployment, options.writers);
  await deploy(deployment, options.say);
  const { token } = await deployment.openStage();
  const load = { ...options, signatories: new Signatories(token), trust: await trustOf(deployment) };
  await settle(toTasks(deployment), load);
  const entryStarts = await restart(deployment, options.say);
  await using frontProgram = await startFront(deployment);
  const parties = await partiesOf(deployment, frontProgram.pid);
  const climbs: Climb[] = [];
  for (const way of [throughBalancer(deployment), toTasks(deployment)])
    climbs.push(await climb(way, { ...load, parties }));
  const clients = Math.max(...climbs.map(({ steps }) => bestOf(steps).clients));
  const ctLogCost = await costOfCtLog(deployment, { ...load, clients, parties });
  return {
    writers: options.writers,
    cores: availableParallelism(),
    oneCore: [emulator, front, loadClient],
    climbs,
    entryStarts,
    ctLogCost,
  };
}

async function setWriters({ config }: Deployment, writers: AwsStackOptions['writers']): Promise<void> {
  const text = await readFile(config, 'utf8');
  if (!text.includes('writers: anyone')) throw new Error(`${config}: expected writers: anyone`);
  await writeFile(config, text.replace('writers: anyone', `writers: ${writers}`));
}

async function deploy(deployment: Deployment, say: (line: string) => void): Promise<void> {
  await deployment.bootstrap();
  say('building images');
  await deployment.pushImages();
  say('holding the ceremony');
  await deployment.certifyKeys();
  say('deploying the rest');
  await deployment.deployWhole();
  say('starting the servers');
  await deployment.start();
}

interface Load extends AwsStackOptions {
  readonly signatories: Signatories;
  readonly trust: Trust;
}

async function trustOf({ aws }: Deployment): Promise<Trust> {
  const file = join(aws.directory, 'trust-material.json');
  const [fulcio] = parseTrustMaterial(await readFileCapped(file, 1 << 20), file).fulcio;
  const [issuer] = fulcio?.chain.der ?? [];
  if (!issuer) throw new Error(`${file}: no certificate authority`);
  return { authority: new X509Certificate(issuer), rekor: (await deployedLogs(aws)).rekor };
}

/** Signs once: the first entry of a log is what makes its next start an ordinary one. */
async function settle(way: Way, { signatories, trust }: Load): Promise<void> {
  const clients = way.connect(1);
  for (const signatory of await signatories.take(1)) await sign(clients, signatory, trust);
  for (const client of Object.values(clients)) client.close();
}

/** Starts each task anew, as every start but the first: `entry` becomes the server, and is no process any more. */
async function restart({ services }: Deployment, say: (line: string) => void): Promise<Record<string, number>> {
  const starts: Record<string, number> = {};
  for (const task of [...services.tasks]) {
    say(`starting ${task.service} again`);
    await services.stop(task, 60_000);
    starts[task.service] = await entryStart(async () => services.start(task.service));
  }
  return starts;
}

async function partiesOf({ aws, services }: Deployment, frontPid: number): Promise<readonly Party[]> {
  const pid = Number.parseInt(await readFile(join(aws.directory, `mariadb-acme-${region}`, 'pid'), 'utf8'), 10);
  return [
    { name: emulator, namespace: aws.emulator.host.namespace },
    { name: 'MariaDB', pid },
    ...services.tasks.map(({ service, host }) => ({ name: service, namespace: host.namespace })),
    { name: front, pid: frontPid },
    { name: loadClient, pid: process.pid },
  ];
}

async function climb(way: Way, load: Load & { readonly parties: readonly Party[] }): Promise<Climb> {
  const steps: Step[] = [];
  for (const clients of load.clients) {
    const step = await stepOf(way, clients, load);
    steps.push(step);
    const { perSecond, p50Ms, p99Ms, failures, errors } = summaryOf(step);
    load.say(`${way.name}, ${clients} clients: ${perSecond}/s, ${p50Ms} / ${p99Ms} ms, ${failures} failures`);
    for (const error of Object.keys(errors)) load.say(`  ${error}`);
    if (failuresOf(step.block) > 0 || !stillRises(steps.map(({ block }) => block.perSecond))) break;
  }
  const best = bestOf(steps);
  const shares = sharesOf(best.cpu).map(({ name, share }) => `${name} ${percent(share)}`);
  load.say(`${way.name}, most with ${best.clients} clients: ${shares.join(', ')}`);
  return { way: way.name, steps };
}

async function stepOf(way: Way, count: number, load: Load & { readonly parties: readonly Party[] }): Promise<Step> {
  const clients = way.connect(count);
  const signatories = await load.signatories.take(count);
  const { block, before, after } = await runWindow(
    signatories.map((signatory) => () => sign(clients, signatory, load.trust)),
    { ...load, read: () => readCpu(load.parties) },
  );
  for (const client of Object.values(clients)) client.close();
  return { clients: count, block, cpu: cpuBetween(before, after) };
}

async function costOfCtLog(
  deployment: Deployment,
  load: Omit<Load, 'clients'> & { readonly clients: number; readonly parties: readonly Party[] },
) {
  load.say("comparing our CT log with upstream's");
  await using upstream = await startUpstreamCtLog(deployment);
  const party = load.parties.find(({ name }) => name === ctLog);
  const fulcio = deployment.services.tasks.find(({ service }) => service === 'fulcio');
  if (!party || !fulcio) throw new Error('expected a CT log and Fulcio');
  const ours = { fulcioUrl: `http://${fulcio.address}:${portOf('fulcio', 'http')}`, party };
  return await compareCtLogs({ ours, upstream }, { ...load, rounds: comparedRounds });
}
