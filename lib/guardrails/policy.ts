import { listOf, type Properties, resourcesOf, type StackTemplate, section, sectionsOf } from './assembly.ts';

/** Returns the statements of a policy document. */
export function statementsOf(document: unknown): readonly Properties[] {
  return sectionsOf(document).flatMap(({ Statement }) => sectionsOf(Statement));
}

export function isAllow({ Effect }: Properties): boolean {
  return Effect === 'Allow';
}

export function actionsOf({ Action }: Properties): readonly string[] {
  return listOf(Action).map(String);
}

/** Says whether a statement is about an action. `NotAction` is about everything that it does not name. */
export function names(statement: Properties, action: string): boolean {
  const matches = (patterns: unknown) => listOf(patterns).some((pattern) => wildcard(String(pattern)).test(action));
  if (statement['NotAction'] !== undefined) return !matches(statement['NotAction']);
  return matches(statement['Action']);
}

/** Returns who a statement of a resource's policy is about, as texts; what CloudFormation resolves stays JSON. */
export function principalsOf({ Principal, NotPrincipal }: Properties): readonly string[] {
  if (NotPrincipal !== undefined) return ['*'];
  if (typeof Principal === 'string') return [Principal];
  return sectionsOf(Principal).flatMap((kinds) => Object.values(kinds).flatMap(listOf).map(textOf));
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function wildcard(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'i');
}

/** What the roles of a stack may do by policies of their own. */
export interface RolePolicy {
  readonly where: string;
  /** Name of the role, or its logical id where CloudFormation names it. */
  readonly role: string;
  readonly statements: readonly Properties[];
}

export function rolePoliciesOf(stack: StackTemplate): readonly RolePolicy[] {
  const roles = resourcesOf([stack], 'AWS::IAM::Role').map(({ id, where, properties }) => ({
    ...{ where, role: String(properties['RoleName'] ?? id) },
    statements: sectionsOf(properties['Policies']).flatMap(({ PolicyDocument }) => statementsOf(PolicyDocument)),
  }));
  const attached = resourcesOf([stack], 'AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy').flatMap(
    ({ where, properties }) =>
      [...listOf(properties['Roles']), ...listOf(properties['RoleName'])].map((role) => ({
        ...{ where, role: typeof role === 'string' ? role : String(section({ role }, 'role')['Ref']) },
        statements: statementsOf(properties['PolicyDocument']),
      })),
  );
  return [...roles, ...attached];
}
