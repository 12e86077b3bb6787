import type { Names } from '../../lib/names.ts';
import type { AwsConfig } from '../../src/config/config.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { shellWord } from '../../src/core/shell.ts';
import type { LogShard } from './log-shards.ts';

/** Of every task definition of an instance. */
const containerName = 'server';

/** One command line, and why it is run. */
export interface AwsStep {
  readonly why: string;
  readonly command: string;
}

/**
 * Returns the command lines that freeze a shard on AWS, in order. The freeze is a task under the role of the shard's
 * own service, because nobody else may use its key. A `command` replaces the one of its task definition.
 * @throws OPS_NO_FREEZE_TASK for a CT log of TesseraCT's own server, whose key is in Secrets Manager
 */
export function awsFreezeSteps(
  log: LogShard,
  { names, aws, command }: { readonly names: Names; readonly aws: AwsConfig; readonly command?: readonly string[] },
): readonly AwsStep[] {
  const { id, kind, shard } = log;
  if (kind === 'ct' && aws.ctLogServer === 'upstream') throw noFreezeTask(shard.shard);
  const region = `--region ${shellWord(shard.region ?? names.writeRegion)}`;
  const [cluster, service] = [shellWord(names.cluster), shellWord(id)];
  const ofService = `${region} --cluster ${cluster} --services ${service}`;
  const network = `"$(aws ecs describe-services ${ofService} --query 'services[0].networkConfiguration' --output json)"`;
  const family = shellWord(`${names.instance}-${id}-freeze`);
  return [
    ...(aws.availability === 'ha' ? [suspendScaling(`${names.cluster}/${id}`, region)] : []),
    {
      why: 'stop every server that writes to the log',
      command: `aws ecs update-service ${region} --cluster ${cluster} --service ${service} --desired-count 0`,
    },
    { why: 'wait until none is left', command: `aws ecs wait services-stable ${ofService}` },
    {
      why: "freeze it, under the service's own role",
      command: `aws ecs run-task ${region} --cluster ${cluster} --task-definition ${family} --launch-type FARGATE --count 1 --network-configuration ${network}${command ? overrides(command) : ''}`,
    },
    {
      why: 'read what it says; it takes a minute and the time to read the whole log',
      command: `aws logs tail ${shellWord(names.logGroup(id))} ${region} --since 1h --log-stream-name-prefix freeze-log --follow`,
    },
    {
      why: `once it says so: add ${shard.shard} to aws.frozen in sigstead.yaml, so that nothing starts or signs for it again`,
      command: 'npx cdk deploy --all',
    },
  ];
}

function overrides(command: readonly string[]): string {
  return ` --overrides ${shellWord(JSON.stringify({ containerOverrides: [{ name: containerName, command }] }))}`;
}

/** Otherwise an alarm could bring the service back to its smallest number of tasks. */
function suspendScaling(resource: string, region: string): AwsStep {
  const states = ['DynamicScalingIn', 'DynamicScalingOut', 'ScheduledScaling'].map((name) => `${name}Suspended=true`);
  const of = `--service-namespace ecs --scalable-dimension ecs:service:DesiredCount --resource-id service/${resource}`;
  return {
    why: 'keep autoscaling from starting servers again',
    command: `aws application-autoscaling register-scalable-target ${region} ${of} --suspended-state ${states.join(',')}`,
  };
}

function noFreezeTask(shard: string): ToolkitError {
  return new ToolkitError('OPS_NO_FREEZE_TASK', {
    message: `${shard}: its key is not in KMS but in Secrets Manager (aws.ctLogServer: upstream), and there is no task for it`,
    fault: 'input',
    data: { shard },
    hint: 'run freeze-log yourself, with --bucket and --key-file, where the key may be read; --not_after_limit ends such a log too',
  });
}
