import type { QuantityName } from './price-list.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** The resources of one synthesised stack, by logical id. */
export type Resources = Readonly<Record<string, Resource>>;

type Quantity = (resource: Resource, resources: Resources) => number;

const quantities: Readonly<Record<QuantityName, Quantity>> = {
  one: () => 1,
  'fargate-vcpus': (service, all) => (tasks(service) * Number(definition(service, all)['Cpu'])) / 1_024,
  'fargate-gigabytes': (service, all) => (tasks(service) * Number(definition(service, all)['Memory'])) / 1_024,
  'aurora-capacity-units': (instance, all) => {
    const cluster = referred(instance, 'DBClusterIdentifier', all);
    const scaling = cluster['ServerlessV2ScalingConfiguration'] as { MinCapacity?: number } | undefined;
    return scaling?.MinCapacity ?? Number.NaN;
  },
  'endpoint-zones': ({ Properties = {} }) =>
    Properties['VpcEndpointType'] === 'Interface' ? listOf(Properties['SubnetIds']).length : 0,
  'firewall-rules': ({ Properties = {} }) => listOf(Properties['Rules']).length,
  'alarm-metrics': ({ Properties = {} }) => {
    const parts = listOf(Properties['Metrics']).filter(
      (part) => typeof part === 'object' && part !== null && 'MetricStat' in part,
    );
    return Math.max(1, parts.length);
  },
  'own-metrics': ({ Properties = {} }) =>
    metricsOf(Properties).filter(({ Namespace }) => Namespace === 'Sigstead').length,
  'log-keys': ({ Properties = {} }) => count(/: (?:ct|rekor)-/, Properties['Description']),
  'log-buckets': ({ Properties = {} }) => count(/^[a-z0-9-]+?-(?:ct|rekor)-/, Properties['BucketName']),
  'functions-by-the-clock': ({ Properties = {} }) =>
    count(/-(?:resign-online|prober|monitor)$/, Properties['FunctionName']),
};

/** 1 for what is named like that. */
function count(form: RegExp, name: unknown): number {
  return typeof name === 'string' && form.test(name) ? 1 : 0;
}

/** Of an alarm: one, or those of its expression. */
function metricsOf(properties: Readonly<Record<string, unknown>>): readonly { readonly Namespace?: unknown }[] {
  const parts = listOf(properties['Metrics']) as readonly {
    readonly MetricStat?: { readonly Metric: { readonly Namespace?: unknown } };
  }[];
  return [properties, ...parts.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : []))];
}

/** Counts, in the template that a resource stands in. */
export function quantityOf(name: QuantityName, resource: Resource, resources: Resources): number {
  const count = quantities[name](resource, resources);
  if (Number.isFinite(count) && count >= 0) return count;
  throw new Error(`${resource.Type}: ${name} does not follow from the template`);
}

function tasks({ Properties = {} }: Resource): number {
  return Number(Properties['DesiredCount'] ?? 1);
}

function definition(service: Resource, all: Resources): Readonly<Record<string, unknown>> {
  return referred(service, 'TaskDefinition', all);
}

/** The properties of the resource that a property refers to; it has to be in the same stack. */
function referred(
  { Type, Properties = {} }: Resource,
  property: string,
  all: Resources,
): Readonly<Record<string, unknown>> {
  const reference = Properties[property] as { Ref?: string } | undefined;
  const found = reference?.Ref === undefined ? undefined : all[reference.Ref];
  if (found?.Properties === undefined) throw new Error(`${Type}: ${property} refers to nothing in its stack`);
  return found.Properties;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
