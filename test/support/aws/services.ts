import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { CloudFrontClient, ListDistributionsCommand } from '@aws-sdk/client-cloudfront';
import { DescribeServicesCommand, ECSClient, type TaskDefinition } from '@aws-sdk/client-ecs';
import {
  DeregisterTargetsCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { DescribeSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { waitFor } from '../../../src/core/wait.ts';
import { account, type EmulatedAws, region } from './emulated-aws.ts';
import type { ImageFiles } from './image-files.ts';
import type { Host } from './network.ts';
import { assume, type Credentials, environmentOf } from './roles.ts';
import { type RunningTask, startTask } from './task.ts';

/** A task of a deployed service, as a process. */
export interface ServiceTask extends RunningTask {
  readonly service: string;
  readonly host: Host;
}

/**
 * Does what ECS does and the emulator without Docker does not: starts the tasks of the deployed services from their
 * registered task definitions, with the credentials of their roles, and puts them behind the load balancer and into DNS.
 */
export class Services implements AsyncDisposable {
  readonly #aws: EmulatedAws;
  readonly #images: ImageFiles;
  readonly #instance: string;
  readonly #region: string;
  readonly #tasks: ServiceTask[] = [];
  #bundle: string | undefined;
  #started = 0;

  /** Of one region of an instance. */
  constructor(aws: EmulatedAws, images: ImageFiles, instance: string, where: string = region) {
    this.#aws = aws;
    this.#images = images;
    this.#instance = instance;
    this.#region = where;
  }

  get tasks(): readonly ServiceTask[] {
    return this.#tasks;
  }

  /** Returns a task definition as it is registered. */
  async definition(family: string): Promise<TaskDefinition> {
    const { emulator } = this.#aws;
    // Not by the SDK: the emulator spells what it has from a template as the template does, and the SDK drops that.
    const answer = await fetch(emulator.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition',
        authorization: emulator.authorization('ecs', account, this.#region),
      },
      body: JSON.stringify({ taskDefinition: family }),
    });
    const { taskDefinition } = asTheApiSpells(await answer.json()) as { taskDefinition?: TaskDefinition };
    if (!taskDefinition) throw new Error(`${family}: no such task definition`);
    return taskDefinition;
  }

  /** Starts one task more of a service, waits for its health check, and brings requests to it. */
  async start(service: string): Promise<ServiceTask> {
    const { definition, ports, targetGroup } = await this.#describe(service);
    const task = await this.run(definition, service);
    const port = ports['http'] ?? definition.containerDefinitions?.[0]?.portMappings?.[0]?.containerPort ?? 0;
    await this.#waitForHealth(task);
    const addresses = this.#tasks.filter((each) => each.service === service).map(({ address }) => address);
    this.#aws.names.set(`${service}.${this.#instance}.internal`, addresses);
    if (targetGroup !== undefined) {
      const Targets = [{ Id: task.address, Port: port }];
      await new ElasticLoadBalancingV2Client({ region: this.#region }).send(
        new RegisterTargetsCommand({ TargetGroupArn: targetGroup, Targets }),
      );
    }
    return task;
  }

  /** Starts a task from its definition, as `aws ecs run-task` does. */
  async run(definition: TaskDefinition, service: string): Promise<ServiceTask> {
    const [image = '', ...others] = new Set((definition.containerDefinitions ?? []).map((each) => each.image ?? ''));
    if (others.length > 0) throw new Error(`${service}: expected one image for all containers`);
    const rootfs = await this.#images.pull(image);
    const [execution, own] = await Promise.all([
      assume(definition.executionRoleArn ?? ''),
      assume(definition.taskRoleArn ?? ''),
    ]);
    const host = await this.#aws.network.addHost();
    this.#started += 1;
    const task = await startTask(definition, {
      ...{ host, rootfs, endpoint: this.#aws.emulator.endpoint, caBundle: await this.caBundle() },
      directory: join(this.#aws.directory, 'tasks', `${this.#started}-${definition.family}`),
      credentials: { AWS_REGION: this.#region, ...environmentOf(own) },
      secrets: await secretsOf(definition, { region: this.#region, credentials: execution }),
    });
    const running = { ...task, service, host };
    this.#tasks.push(running);
    return running;
  }

  async stop(task: ServiceTask, graceMs: number): Promise<void> {
    await task.stop(graceMs);
    this.#tasks.splice(this.#tasks.indexOf(task), 1);
    const { targetGroup, ports } = await this.#describe(task.service);
    if (targetGroup === undefined) return;
    const Targets = [{ Id: task.address, Port: ports['http'] ?? 0 }];
    await new ElasticLoadBalancingV2Client({ region: this.#region }).send(
      new DeregisterTargetsCommand({ TargetGroupArn: targetGroup, Targets }),
    );
  }

  /** Name of the deployed load balancer. */
  async loadBalancer(): Promise<string> {
    const { LoadBalancers = [] } = await new ElasticLoadBalancingV2Client({ region: this.#region }).send(
      new DescribeLoadBalancersCommand({}),
    );
    const [first] = LoadBalancers;
    if (LoadBalancers.length !== 1 || first?.LoadBalancerName === undefined)
      throw new Error('expected one load balancer');
    return first.LoadBalancerName;
  }

  /** Domain names of the deployed distributions, by the host that each answers for. */
  async distributions(): Promise<ReadonlyMap<string, string>> {
    const { DistributionList } = await new CloudFrontClient().send(new ListDistributionsCommand({}));
    return new Map(
      (DistributionList?.Items ?? []).flatMap(({ Aliases, DomainName = '' }) =>
        (Aliases?.Items ?? []).map((alias) => [alias, DomainName] as const),
      ),
    );
  }

  async #describe(service: string) {
    const ecs = new ECSClient({ region: this.#region });
    const { services = [] } = await ecs.send(
      new DescribeServicesCommand({ cluster: this.#instance, services: [service] }),
    );
    const [found] = services;
    if (!found?.taskDefinition) throw new Error(`${service}: no such service`);
    const definition = await this.definition(found.taskDefinition);
    const [balanced] = found.loadBalancers ?? [];
    const mapped = definition.containerDefinitions?.[0]?.portMappings ?? [];
    const http = balanced?.containerPort ?? mapped[0]?.containerPort ?? 0;
    return { definition, ports: { http }, targetGroup: balanced?.targetGroupArn };
  }

  async #waitForHealth(task: ServiceTask): Promise<void> {
    let ended: string | undefined;
    void task.exited.then(({ code, signal }) => {
      ended = `ended with ${code ?? signal}`;
    });
    await waitFor(
      async () => {
        if (ended !== undefined) throw new Error(`${task.service} ${ended}:\n${task.tail()}`);
        // Before it is in its root directory there is no such program.
        return (await task.checkHealth()).exitCode === 0;
      },
      { what: `the health of ${task.service} at ${task.address}`, timeoutMs: 90_000, intervalMs: 100 },
    ).catch((error: unknown) => {
      throw new Error(`${task.service}: ${String(error)}\n${task.tail()}`, { cause: error });
    });
  }

  /** What the image trusts, and the test's own authority, which stands for Amazon's. */
  async caBundle(): Promise<string> {
    if (this.#bundle === undefined) {
      this.#bundle = join(this.#aws.directory, 'ca-bundle.pem');
      await writeFile(this.#bundle, [...rootCertificates, this.#aws.ca.pem].join('\n'), { mode: 0o444 });
    }
    return this.#bundle;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#tasks.map(async (task) => task.stop(10_000)));
  }
}

function asTheApiSpells(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asTheApiSpells);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key[0]?.toLowerCase() + key.slice(1),
    asTheApiSpells(item),
  ]);
  return Object.fromEntries(entries) as unknown;
}

async function secretsOf(
  { containerDefinitions = [] }: TaskDefinition,
  place: { readonly region: string; readonly credentials: Credentials },
): Promise<Readonly<Record<string, string>>> {
  const client = new SecretsManagerClient(place);
  const root = new SecretsManagerClient({ region: place.region });
  const secrets = containerDefinitions.flatMap((container) => container.secrets ?? []);
  const pairs = secrets.map(async ({ name = '', valueFrom = '' }) => {
    // `ARN:JSON-KEY:STAGE:VERSION`; the ARN itself has six colons.
    const [secret, key = ''] = splitSecret(valueFrom);
    // The emulator says a secret's name where AWS says its ARN, which is what policies are about.
    const { ARN: SecretId } = await root.send(new DescribeSecretCommand({ SecretId: secret }));
    const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId }));
    const value = key === '' ? SecretString : (JSON.parse(SecretString) as Record<string, string>)[key];
    return [name, value ?? ''] as const;
  });
  return Object.fromEntries(await Promise.all(pairs));
}

function splitSecret(valueFrom: string): readonly string[] {
  if (!valueFrom.startsWith('arn:')) return valueFrom.split(':');
  const parts = valueFrom.split(':');
  return [parts.slice(0, 7).join(':'), parts[7] ?? ''];
}
