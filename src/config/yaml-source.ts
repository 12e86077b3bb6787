import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { utf8 } from '../core/bytes.ts';
import { formatPath, type Path, type Position, type Problem } from './problem.ts';

/** What a YAML file can hold here: what JSON can. */
export type Raw = null | boolean | number | string | readonly Raw[] | RawMap;
export interface RawMap {
  readonly [key: string]: Raw;
}

/** Where a value of the document stands. */
export interface Place {
  readonly value: Position;
  /** The key in front of the value; a list item has none. */
  readonly key?: Position;
  /** A plain scalar as it was written: `0123`, which YAML reads as the number 123. */
  readonly source?: string;
}

/** A parsed file. `value` is there unless the text could not be read as one YAML document. */
export interface YamlSource {
  readonly value?: Raw;
  /** By formatted path. */
  readonly places: ReadonlyMap<string, Place>;
  readonly problems: readonly Problem[];
}

export const maxDocumentBytes = 1 << 20;

/**
 * Reads one YAML 1.2 document (core schema) as plain data and remembers where each value stands.
 *
 * Refused, each with its place: what hides content from a reader (tabs, unprintable characters, directives, tags,
 * anchors and aliases, a second document), duplicate keys, keys that are not text, more than 1 MiB.
 * The library's own errors are reported in its words. Never throws for what is in `text`.
 */
export function parseYaml(text: string): YamlSource {
  const tooLarge = sizeProblem(text);
  if (tooLarge) return { places: new Map(), problems: [tooLarge] };
  const lines = new LineCounter();
  // Duplicates are found by our own walk, which knows the path and the first place.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'error',
  });
  const positionOf = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems = [...characterProblems(text), ...syntaxProblems(document.errors, positionOf)];
  if (problems.length > 0) return { places: new Map(), problems };
  return new Walk(positionOf).run(document.contents);
}

function sizeProblem(text: string): Problem | undefined {
  const bytes = utf8(text).length;
  if (bytes <= maxDocumentBytes) return undefined;
  return {
    rule: 'yaml-size',
    line: 1,
    column: 1,
    path: '',
    message: `expected at most ${maxDocumentBytes} bytes, got ${bytes}`,
  };
}

/** Characters that a reviewer does not see, or sees as something else; and directives, which change how YAML is read. */
const refusedCharacters: readonly {
  readonly rule: string;
  readonly pattern: RegExp;
  readonly message: string;
  readonly hint: string;
}[] = [
  { rule: 'yaml-tab', pattern: /\t/, message: 'expected spaces, got a tab', hint: 'YAML indents with spaces' },
  {
    rule: 'yaml-characters',
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    pattern: /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufff9-\uffff\ud800-\udfff]/u,
    message: 'expected printable text, got an invisible character',
    hint: 'delete it: it can make a file look different from what it says',
  },
  {
    rule: 'yaml-directive',
    pattern: /^%/,
    message: 'expected no directive',
    hint: 'delete the line: the file is YAML 1.2, one document',
  },
];

function characterProblems(text: string): readonly Problem[] {
  const withoutBom = text.startsWith('\ufeff') ? text.slice(1) : text;
  return withoutBom.split(/\r\n|[\r\n]/).flatMap((content, index) =>
    refusedCharacters.flatMap(({ rule, pattern, message, hint }) => {
      const column = content.search(pattern);
      return column < 0 ? [] : [{ rule, line: index + 1, column: column + 1, path: '', message, hint }];
    }),
  );
}

interface SyntaxError {
  readonly code: string;
  readonly message: string;
  readonly pos: [number, number];
}

const syntaxHints: Readonly<Record<string, string>> = {
  BAD_INDENT: 'line the key up with its neighbours, and close every {, [ and quote',
  BLOCK_AS_IMPLICIT_KEY: 'put a value that contains ": " in quotes',
  MULTIPLE_DOCS: 'keep one document per file: delete what follows the "---" or "..." line',
};

function syntaxProblems(errors: readonly SyntaxError[], positionOf: (offset: number) => Position): readonly Problem[] {
  const tooDeep = errors.find((error) => error.code === 'RESOURCE_EXHAUSTION');
  if (tooDeep) return [{ rule: 'yaml-depth', ...positionOf(tooDeep.pos[0]), path: '', message: 'nested too deeply' }];
  // A tab is reported once, by its own rule.
  const own = errors.filter((error) => error.code !== 'TAB_AS_INDENT');
  return own.map((error) => {
    const hint = syntaxHints[error.code];
    const message =
      error.code === 'MULTIPLE_DOCS' ? 'expected one document, got a second one' : sentence(error.message);
    return { rule: 'yaml-syntax', ...positionOf(error.pos[0]), path: '', message, ...(hint !== undefined && { hint }) };
  });
}

function sentence(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, '');
}

/** One pass over the tree: plain data, places, and what is refused. */
class Walk {
  readonly #places = new Map<string, Place>();
  readonly #problems: Problem[] = [];
  readonly #positionOf: (offset: number) => Position;

  constructor(positionOf: (offset: number) => Position) {
    this.#positionOf = positionOf;
  }

  run(root: ParsedNode | null): YamlSource {
    return { value: this.#read(root, []), places: this.#places, problems: this.#problems };
  }

  #read(node: ParsedNode | null, path: Path, key?: Position): Raw {
    const value = node ? this.#positionOf(node.range[0]) : (key ?? { line: 1, column: 1 });
    const source = isScalar(node) ? node.source : undefined;
    this.#places.set(formatPath(path), { value, ...(key && { key }), ...(source !== undefined && { source }) });
    if (node === null) return null;
    if (isAlias(node))
      return this.#refuse('yaml-alias', path, value, `expected a value, got the alias *${node.source}`);
    if (node.anchor) this.#refuse('yaml-anchor', path, value, `expected a value, got the anchor &${node.anchor}`);
    if (node.tag) this.#refuse('yaml-tag', path, value, `expected a value without a tag, got ${node.tag}`);
    if (isMap(node)) return this.#readMap(node, path);
    if (isSeq(node)) return node.items.map((item, index) => this.#read(item as ParsedNode | null, [...path, index]));
    return (node as Scalar).value as Raw;
  }

  #readMap(map: YAMLMap.Parsed, path: Path): RawMap {
    const entries = new Map<string, Raw>();
    const firstLines = new Map<string, number>();
    for (const { key, value } of map.items) {
      const position = this.#positionOf(key.range[0]);
      if (!isScalar(key) || typeof key.value !== 'string') {
        this.#refuse('yaml-key', path, position, 'expected a key that is text');
        continue;
      }
      const name = key.value;
      const firstLine = firstLines.get(name);
      if (firstLine !== undefined) {
        this.#refuse(
          'duplicate-key',
          [...path, name],
          position,
          `duplicate key, first on line ${firstLine}`,
          'keep one of the two',
        );
        continue;
      }
      firstLines.set(name, position.line);
      entries.set(name, this.#read(value, [...path, name], position));
    }
    // fromEntries defines own properties: a key named `__proto__` is data like any other.
    return Object.fromEntries(entries);
  }

  #refuse(rule: string, path: Path, position: Position, message: string, hint = 'write the plain value out'): null {
    this.#problems.push({ rule, ...position, path: formatPath(path), message, hint });
    return null;
  }
}
