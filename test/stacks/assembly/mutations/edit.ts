import type { Assembly, Placed } from '../../../../lib/guardrails/assembly.ts';
import { resourcesOf } from '../../../../lib/guardrails/assembly.ts';
import type { Profile } from '../synthesise.ts';

/** A template that breaks one rule, made of one that holds all. */
export interface Mutation {
  readonly rule: string;
  readonly what: string;
  /** Changes its copy of an assembly. */
  readonly change: (assembly: Assembly) => void;
  /** @default ha-public */
  readonly profile?: Profile;
  /** Other rules that see it too. */
  readonly also?: readonly string[];
}

// biome-ignore lint/suspicious/noExplicitAny: a mutation writes where the types say that nobody writes
export type Writable = any;

export function first(assembly: Assembly, type: string, where: (placed: Placed) => boolean = () => true): Writable {
  const found = resourcesOf(assembly, type).find(where);
  if (!found) throw new Error(`expected a ${type}`);
  return found.resource;
}

export function on(type: string, edit: (resource: Writable) => void, where?: (placed: Placed) => boolean) {
  return (assembly: Assembly) => edit(first(assembly, type, where));
}

export const key = (edit: (resource: Writable) => void) => on('AWS::KMS::Key', edit);
export const keyStatement = (statement: object) =>
  key(({ Properties }) => Properties.KeyPolicy.Statement.push({ Effect: 'Allow', Resource: '*', ...statement }));
export const stranger = { AWS: 'arn:aws:iam::012345678901:role/stranger' };
export const container = (edit: (container: Writable) => void, family = /./) =>
  on(
    'AWS::ECS::TaskDefinition',
    ({ Properties }) => edit(Properties.ContainerDefinitions[0]),
    ({ properties }) => family.test(String(properties['Family'])),
  );
export const role = (name: string, statement: object) =>
  on(
    'AWS::IAM::Role',
    ({ Properties }) => Properties.Policies[0].PolicyDocument.Statement.push({ Effect: 'Allow', ...statement }),
    ({ properties }) => String(properties['RoleName']).endsWith(name),
  );
export const add =
  (type: string, Properties: object, stack = /-Roles$/) =>
  (assembly: Assembly) => {
    const place = assembly.find(({ name }) => stack.test(name)) as Writable;
    place.resources.Added = { Type: type, Properties };
  };
export const bucket = (edit: (resource: Writable) => void) => on('AWS::S3::Bucket', edit);
export const alarm = (description: string | undefined) =>
  on('AWS::CloudWatch::Alarm', ({ Properties }) => {
    Properties.AlarmDescription = description;
  });
export const group = (way: 'Ingress' | 'Egress', entry: object) =>
  on(
    'AWS::EC2::SecurityGroup',
    ({ Properties }) => {
      Properties[`SecurityGroup${way}`] = [
        ...(Properties[`SecurityGroup${way}`] ?? []),
        { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, ...entry },
      ];
    },
    ({ properties }) => String(properties['GroupDescription']).endsWith(' database'),
  );
