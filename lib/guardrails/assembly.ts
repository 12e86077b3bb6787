import type { cx_api } from 'aws-cdk-lib';
import type { Deployment } from '../deployment.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** What CloudFormation is given of one stack. */
export interface StackTemplate {
  readonly name: string;
  readonly region: string;
  readonly terminationProtection: boolean;
  readonly resources: Readonly<Record<string, Resource>>;
}

/** Every stack of an instance. */
export type Assembly = readonly StackTemplate[];

/** Reads what a synthesis wrote. */
export function assemblyOf(cloudAssembly: cx_api.CloudAssembly): Assembly {
  return cloudAssembly.stacks.map((stack) => {
    const template = stack.template as { readonly Resources?: Readonly<Record<string, Resource>> };
    return {
      name: stack.stackName,
      region: stack.environment.region,
      terminationProtection: stack.terminationProtection ?? false,
      resources: template.Resources ?? {},
    };
  });
}

/** A resource, and where it stands. */
export interface Placed {
  readonly stack: StackTemplate;
  readonly id: string;
  readonly where: string;
  readonly type: string;
  readonly resource: Resource;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Returns every resource of the given types, or of all. */
export function resourcesOf(assembly: Assembly, ...types: readonly string[]): readonly Placed[] {
  return assembly.flatMap((stack) =>
    Object.entries(stack.resources)
      .filter(([, { Type }]) => types.length === 0 || types.includes(Type))
      .map(([id, resource]) => ({
        ...{ stack, id, resource, type: resource.Type, properties: resource.Properties ?? {} },
        where: `${stack.name}/${id}`,
      })),
  );
}

/** What the rules look at: what CloudFormation is given, what it was to be, and what the runbook has a section for. */
export interface GuardedInstance {
  readonly assembly: Assembly;
  readonly deployment: Deployment;
  /** Anchors of docs/operator-runbook.md. */
  readonly anchors: ReadonlySet<string>;
}

/** Returns the anchors of a page: what a link may name after `#`. */
export function anchorsOf(page: string): ReadonlySet<string> {
  return new Set([...page.matchAll(/<a id="([a-z0-9-]+)"><\/a>/g)].map(([, id = '']) => id));
}

export type Properties = Readonly<Record<string, unknown>>;

/** Returns a property as an object, or an empty one: what is absent has nothing that a rule could like. */
export function section(properties: Properties, ...path: readonly string[]): Properties {
  return path.reduce<Properties>((inner, name) => {
    const value = inner[name];
    return typeof value === 'object' && value !== null ? (value as Properties) : {};
  }, properties);
}

/** Returns a property as a list: CloudFormation takes one thing for a list of one. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

export function sectionsOf(value: unknown): readonly Properties[] {
  return listOf(value).filter((each): each is Properties => typeof each === 'object' && each !== null);
}
