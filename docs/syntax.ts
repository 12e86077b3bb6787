import { type Module, parseSync } from '@swc/core';

/** A node of a syntax tree; what else it has depends on its type. */
export type Node = Readonly<Record<string, unknown>> & { readonly type: string };

/** Parses a TypeScript file. */
export function parseSource(source: string): Module {
  return parseSync(source, { syntax: 'typescript', target: 'es2024' });
}

/** Calls `visit` for every node of a syntax tree. */
export function walk(value: unknown, visit: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
    return;
  }
  if (isNode(value)) visit(value);
  const children = value as Readonly<Record<string, unknown>>;
  // Every node has a position, which is no node.
  for (const name in children) if (name !== 'span') walk(children[name], visit);
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** The text of a string literal, or of a template without holes. */
export function textOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  if (value.type === 'StringLiteral') return String(value['value']);
  if (value.type !== 'TemplateLiteral') return undefined;
  const quasis = value['quasis'] as readonly { readonly cooked: string }[];
  return quasis.length === 1 ? quasis[0]?.cooked : undefined;
}

/** The name of an identifier. */
export function nameOf(value: unknown): string | undefined {
  return isNode(value) && value.type === 'Identifier' ? String(value['value']) : undefined;
}
