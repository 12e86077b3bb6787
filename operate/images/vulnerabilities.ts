import { ToolkitError } from '../../src/core/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../../src/core/json.ts';

/** A known vulnerability in what a program was compiled from. */
export interface Finding {
  /** E.g. `GO-2026-4321`. */
  readonly id: string;
  /** Other names of it, e.g. `CVE-2026-…`. */
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly module: string;
  readonly version: string;
  /** The first version without it, if there is one. */
  readonly fixed: string | null;
}

export interface Scan {
  /** URL of the database, and when it was last changed, as it says itself. */
  readonly database: string;
  readonly lastModified: string;
  readonly findings: readonly Finding[];
}

/**
 * Parses what `govulncheck -format json` printed: one document after the other. A vulnerability that is told at several
 * levels (module, package, symbol) counts once.
 * @throws OPS_IMAGE_BUILD if it is no such report: an empty answer must not pass for one without findings
 */
export function parseScan(output: string): Scan {
  const messages = documentsOf(output);
  const config = objectsIn(messages, 'config')[0];
  if (config === undefined || objectsIn(messages, 'SBOM').length === 0) throw noReport(output);
  const described = new Map(objectsIn(messages, 'osv').map((osv) => [textOf(osv['id']), osv]));
  const found = new Map<string, Finding>();
  for (const finding of objectsIn(messages, 'finding')) {
    const parsed = findingOf(finding, described);
    found.set(`${parsed.id} ${parsed.module}`, parsed);
  }
  return {
    database: textOf(config['db']),
    lastModified: textOf(config['db_last_modified']),
    findings: [...found.values()].toSorted((a, b) => (`${a.id} ${a.module}` < `${b.id} ${b.module}` ? -1 : 1)),
  };
}

function findingOf(finding: JsonObject, described: ReadonlyMap<string, JsonObject>): Finding {
  const id = textOf(finding['osv']);
  const osv = described.get(id);
  const trace = Array.isArray(finding['trace']) ? finding['trace'] : [];
  const where = trace.find(isJsonObject);
  const aliases = osv?.['aliases'];
  return {
    id,
    aliases: (Array.isArray(aliases) ? aliases : []).map(textOf),
    summary: textOf(osv?.['summary']),
    module: textOf(where?.['module']),
    version: textOf(where?.['version']),
    fixed: textOf(finding['fixed_version']) || null,
  };
}

/** Each document is printed with indentation, so only the last line of one is a closing brace alone. */
function documentsOf(output: string): readonly JsonObject[] {
  const texts = output.split(/(?<=^\}\n)/m).filter((text) => text.trim() !== '');
  try {
    return texts.map((text) => JSON.parse(text) as Json).filter(isJsonObject);
  } catch (cause) {
    throw noReport(output, cause);
  }
}

function objectsIn(messages: readonly JsonObject[], kind: string): readonly JsonObject[] {
  return messages.map((message) => message[kind]).filter(isJsonObject);
}

function noReport(output: string, cause?: unknown): ToolkitError {
  return new ToolkitError('OPS_IMAGE_BUILD', {
    message: `govulncheck: expected a report, got ${JSON.stringify(output.slice(0, 200))}`,
    fault: 'environment',
    hint: 'see what it answers: go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 -mode=binary -format json PROGRAM',
    cause,
  });
}

function textOf(json: Json | undefined): string {
  return typeof json === 'string' ? json : '';
}
