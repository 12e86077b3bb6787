import { isNode, type Node, nameOf, parseSource, textOf, walk } from '../../../docs/syntax.ts';

/** What the rules want to know of one file. */
export interface ModuleFacts {
  /** Every specifier that the file imports, statically, dynamically, as a type or by re-export. */
  readonly imports: readonly string[];
  /** How code is loaded past the imports: a computed `import()`, `require`, `export *`. */
  readonly evasions: readonly string[];
  /** `process.env`, `process` (taken as a value), `console.log`, … */
  readonly globals: readonly string[];
  readonly hasDefaultExport: boolean;
}

/** Takes a TypeScript file apart. Comments and texts that look like code do not count: this is the syntax tree. */
export function moduleFacts(source: string): ModuleFacts {
  const facts = { imports: [] as string[], evasions: [] as string[], globals: [] as string[], hasDefaultExport: false };
  walk(parseSource(source), (node) => {
    readImport(node, facts);
    readGlobal(node, facts.globals);
    facts.hasDefaultExport ||= isDefaultExport(node);
  });
  return facts;
}

function readImport(node: Node, facts: { imports: string[]; evasions: string[] }): void {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
      if (isNode(node['source'])) facts.imports.push(textOf(node['source']) ?? '');
      break;
    case 'ExportAllDeclaration':
      facts.imports.push(textOf(node['source']) ?? '');
      facts.evasions.push('export *');
      break;
    case 'TsImportType':
      facts.imports.push(textOf(node['argument']) ?? '');
      break;
    case 'TsExternalModuleReference':
      facts.evasions.push('require()');
      break;
    case 'CallExpression':
      readCall(node, facts);
  }
}

function readCall(node: Node, facts: { imports: string[]; evasions: string[] }): void {
  const { callee } = node;
  if (!isNode(callee)) return;
  if (callee.type === 'Import') {
    const [first] = node['arguments'] as readonly { readonly expression: unknown }[];
    const specifier = textOf(first?.expression);
    if (specifier === undefined) facts.evasions.push('import() of something computed');
    else facts.imports.push(specifier);
  }
  const name = nameOf(callee.type === 'MemberExpression' ? callee['property'] : callee);
  if (name === 'require' || name === 'createRequire' || name === 'getBuiltinModule' || name === 'eval') {
    facts.evasions.push(`${name}()`);
  }
}

function readGlobal(node: Node, globals: string[]): void {
  if (node.type === 'MemberExpression') {
    const object = nameOf(node['object']);
    const property = nameOf(node['property']) ?? computedName(node['property']);
    if (object === 'globalThis') globals.push(property ?? 'globalThis');
    if (object === 'process' || object === 'console') globals.push(`${object}.${property ?? '*'}`);
  } else if (
    node.type === 'VariableDeclarator' &&
    ['process', 'console', 'globalThis'].includes(nameOf(node['init']) ?? '')
  ) {
    globals.push(nameOf(node['init']) ?? '');
  }
}

function isDefaultExport(node: Node): boolean {
  if (node.type === 'ExportDefaultDeclaration' || node.type === 'ExportDefaultExpression') return true;
  return node.type === 'ExportSpecifier' && nameOf(node['exported']) === 'default';
}

function computedName(value: unknown): string | undefined {
  return isNode(value) && value.type === 'Computed' ? textOf(value['expression']) : undefined;
}
