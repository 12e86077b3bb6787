import { isNode, type Node, nameOf, parseSource, textOf, walk } from './syntax.ts';

/** What the sources say of one error code. */
export interface ErrorFacts {
  readonly files: readonly string[];
  /** As far as they stand beside the code. */
  readonly faults: readonly string[];
  /** With a name in angle brackets where something is filled in. */
  readonly messages: readonly string[];
  readonly hints: readonly string[];
}

/** Rooms in the order of the floors, each with what its codes are about. */
export const rooms = {
  CORE: 'files, encodings, HTTP, time',
  CLI: 'the command line',
  CFG: 'sigstead.yaml and the root policy',
  OIDC: 'issuers and logging in',
  TLOG: 'logs: notes, checkpoints, tiles, proofs',
  X509: 'certificates and chains',
  TUF: 'TUF metadata and repositories',
  KEY: 'keys',
  STORE: 'where published files live',
  PROC: 'programs that we run',
  TRUST: 'the files that clients read',
  SVC: 'services as data',
  ROT: 'rotation plans',
  AWS: 'deployment',
  CER: 'ceremonies',
  MON: 'monitors',
  LOCAL: 'an instance on this machine',
  OPS: 'operating an instance',
  DRILL: 'drills',
} as const;

const code = new RegExp(`^(?:${Object.keys(rooms).join('|')})_[A-Z0-9_]+$`);

interface Entry {
  readonly files: Set<string>;
  readonly faults: Set<string>;
  readonly messages: Set<string>;
  readonly hints: Set<string>;
}

/**
 * Collects every error code that the sources use, wherever it stands: in `new ToolkitError(…)`, or handed to whoever
 * throws. A code that is only compared with, as in `error.code === 'X'`, is one that nobody throws, and is left out.
 */
export function collectErrors(sources: ReadonlyMap<string, string>): ReadonlyMap<string, ErrorFacts> {
  const entries = new Map<string, Entry>();
  for (const [file, source] of sources) {
    const compared = new Set<unknown>();
    walk(parseSource(source), (node) => {
      for (const operand of comparedIn(node)) compared.add(operand);
      if (node.type === 'NewExpression' && nameOf(node['callee']) === 'ToolkitError') noteThrown(node, file, entries);
      const text = node.type === 'StringLiteral' && !compared.has(node) ? textOf(node) : undefined;
      if (text !== undefined && code.test(text)) entryOf(entries, text).files.add(file);
    });
  }
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(sorted.map(([name, entry]) => [name, factsOf(entry)]));
}

/**
 * Lists, as `file CODE`, the errors that somebody other than us can mend and that do not say how: those of fault
 * `input` or `environment` that are made without a hint. One that is there only on a condition is none.
 */
export function withoutHint(sources: ReadonlyMap<string, string>): readonly string[] {
  const found = new Set<string>();
  for (const [file, source] of sources) {
    walk(parseSource(source), (node) => {
      if (node.type !== 'NewExpression' || nameOf(node['callee']) !== 'ToolkitError') return;
      const { codes, properties } = thrownBy(node, { conditional: false });
      const faults = textsOf(properties.get('fault'));
      const ours = faults.length > 0 && faults.every((fault) => fault === 'caller' || fault === 'evidence');
      if (ours || properties.has('hint')) return;
      for (const name of codes.length > 0 ? codes : ['ANY']) found.add(`${file} ${name}`);
    });
  }
  return [...found].sort();
}

function comparedIn(node: Node): readonly unknown[] {
  if (node.type === 'SwitchCase') return [node['test']];
  if (node.type !== 'BinaryExpression') return [];
  return ['===', '!=='].includes(String(node['operator'])) ? [node['left'], node['right']] : [];
}

function noteThrown(node: Node, file: string, entries: Map<string, Entry>): void {
  const { codes, properties } = thrownBy(node);
  for (const [index, name] of codes.entries()) {
    if (!code.test(name)) continue;
    const entry = entryOf(entries, name);
    entry.files.add(file);
    const own = (property: string) => branch(textsOf(properties.get(property)), index, codes.length);
    for (const fault of own('fault')) entry.faults.add(fault);
    for (const message of own('message')) entry.messages.add(message);
    for (const hint of own('hint')) entry.hints.add(hint);
  }
}

function thrownBy(node: Node, which = { conditional: true }) {
  const [first, second] = (node['arguments'] as readonly { readonly expression: unknown }[]).map(
    (one) => one.expression,
  );
  return { codes: textsOf(first), properties: new Map(propertiesOf(second, which)) };
}

/** Where one condition chooses among codes, the same one chooses among as many texts. */
function branch(texts: readonly string[], index: number, count: number): readonly string[] {
  return texts.length === count ? texts.slice(index, index + 1) : texts;
}

/** With those that are spread into the object on a condition, as in `...(full && { hint: 'x' })`, or without them. */
function propertiesOf(
  node: unknown,
  which: { readonly conditional: boolean },
): readonly (readonly [string, unknown])[] {
  if (!isNode(node)) return [];
  if (node.type === 'ParenthesisExpression') return propertiesOf(node['expression'], which);
  if (node.type === 'BinaryExpression') return propertiesOf(node['right'], which);
  if (node.type !== 'ObjectExpression') return [];
  return (node['properties'] as readonly Node[]).flatMap((property) => {
    if (property.type === 'SpreadElement') return which.conditional ? propertiesOf(property['arguments'], which) : [];
    // What stands for itself, as in `{ hint }`, is no text.
    if (property.type === 'Identifier') return [[String(property['value']), property] as const];
    const name = nameOf(property['key']);
    return name === undefined ? [] : [[name, property['value']] as const];
  });
}

/** Every text that an expression may be. */
function textsOf(node: unknown): readonly string[] {
  if (!isNode(node)) return [];
  if (node.type === 'StringLiteral') return [String(node['value'])];
  if (node.type === 'ParenthesisExpression') return textsOf(node['expression']);
  if (node.type === 'ConditionalExpression') return [...textsOf(node['consequent']), ...textsOf(node['alternate'])];
  if (node.type !== 'TemplateLiteral') return [];
  const holes = (node['expressions'] as readonly unknown[]).map((hole) => `<${lastName(hole)}>`);
  const parts = (node['quasis'] as readonly { readonly cooked: string }[]).map(({ cooked }) => cooked);
  return [parts.map((part, index) => part + (holes[index] ?? '')).join('')];
}

function lastName(node: unknown): string {
  const own = nameOf(node);
  if (own !== undefined || !isNode(node)) return own ?? '…';
  return node.type === 'MemberExpression' ? (nameOf(node['property']) ?? '…') : '…';
}

function entryOf(entries: Map<string, Entry>, name: string): Entry {
  const entry = entries.get(name) ?? { files: new Set(), faults: new Set(), messages: new Set(), hints: new Set() };
  entries.set(name, entry);
  return entry;
}

function factsOf(entry: Entry): ErrorFacts {
  const { files, faults, messages, hints } = entry;
  return { files: [...files].sort(), faults: [...faults].sort(), messages: [...messages], hints: [...hints] };
}
