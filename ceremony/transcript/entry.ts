import { formatInstant, parseInstant } from '../../src/core/clock.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { type Json, type JsonObject, parseJsonObject } from '../../src/core/json.ts';
import { integerAt, objectAt, sha256At, stringAt } from '../../src/tuf/fields.ts';

/** Something that was done, as its doer reports it. */
export interface Act {
  readonly at: Date;
  /** Who did it: a holder's id, or a role such as `coordinator`. */
  readonly actor: string;
  /** Name and version, e.g. `sigstead 0.1.0`. */
  readonly tool: string;
  /** As on the command line, e.g. `add-signature`. */
  readonly verb: string;
  /** The id of the script's step that this was. */
  readonly step?: string;
  /** Path to SHA-256 in hexadecimal. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  /** What a person decided, in their words. */
  readonly decision?: string;
  readonly note?: string;
}

/** An act in its place in the chain. */
export interface TranscriptEntry extends Act {
  /** From 1. */
  readonly seq: number;
  /** SHA-256 of the line before, without its line feed; zeros for the first. */
  readonly previous: string;
}

export const transcriptFormat = 'sigstead-transcript/v1';
export const noPrevious = '0'.repeat(64);
export const maxLineBytes = 65_536;

const maxFiles = 200;

/** Returns the one line (without its line feed) of an entry that has no problem. */
export function formatEntry(entry: TranscriptEntry): string {
  const { seq, previous, at, actor, tool, verb, step, inputs, outputs, decision, note } = entry;
  const format = seq === 1 ? { format: transcriptFormat } : {};
  const fields = { seq, previous, at: formatInstant(at), actor, tool, verb, step, inputs, outputs, decision, note };
  return JSON.stringify({ ...format, ...fields });
}

/** Returns the entry of a line, or what is wrong with it: there is one spelling of each entry. */
export function parseEntry(line: Uint8Array): TranscriptEntry | string {
  try {
    const entry = entryOf(parseJsonObject(line, { what: 'entry', maxBytes: maxLineBytes }));
    const respelled = formatEntry(entry) === Buffer.from(line).toString('utf8');
    return actProblem(entry) ?? (respelled ? entry : 'expected the fields of an entry, in their order and no others');
  } catch (error) {
    if (error instanceof ToolkitError) return error.message;
    throw error;
  }
}

/** Returns what no entry may hold, or `undefined`: text that would forge lines, or obey, where it is shown. */
export function actProblem(act: Act): string | undefined {
  const { actor, tool, verb, step, decision, note } = act;
  return (
    textProblem('actor', actor, 100) ??
    textProblem('tool', tool, 100) ??
    (/^[a-z][a-z0-9-]*( [a-z][a-z0-9-]*)*$/.test(verb) ? textProblem('verb', verb, 100) : 'verb: expected words') ??
    (step === undefined ? undefined : textProblem('step', step, 100)) ??
    (decision === undefined ? undefined : textProblem('decision', decision, 500)) ??
    (note === undefined ? undefined : textProblem('note', note, 2_000)) ??
    filesProblem('inputs', act.inputs) ??
    filesProblem('outputs', act.outputs)
  );
}

function entryOf(fields: JsonObject): TranscriptEntry {
  const { step, decision, note } = fields;
  return {
    seq: integerAt(fields['seq'], 'seq', 1),
    previous: sha256At(fields['previous'], 'previous'),
    at: parseInstant(stringAt(fields['at'], 'at'), 'at'),
    actor: stringAt(fields['actor'], 'actor'),
    tool: stringAt(fields['tool'], 'tool'),
    verb: stringAt(fields['verb'], 'verb'),
    ...(step !== undefined && { step: stringAt(step, 'step') }),
    inputs: filesOf(fields['inputs'], 'inputs'),
    outputs: filesOf(fields['outputs'], 'outputs'),
    ...(decision !== undefined && { decision: stringAt(decision, 'decision') }),
    ...(note !== undefined && { note: stringAt(note, 'note') }),
  };
}

function filesOf(value: Json | undefined, name: string): Readonly<Record<string, string>> {
  const files = Object.entries(objectAt(value, name));
  return Object.fromEntries(files.map(([path, digest]) => [path, stringAt(digest, name)]));
}

function filesProblem(name: string, files: Readonly<Record<string, string>>): string | undefined {
  const entries = Object.entries(files);
  if (entries.length > maxFiles) return `${name}: expected at most ${maxFiles} files, got ${entries.length}`;
  for (const [path, digest] of entries) {
    const problem = textProblem(name, path, 300);
    if (problem !== undefined) return problem;
    if (!/^[0-9a-f]{64}$/.test(digest)) return `${name}: ${path}: expected a SHA-256 in hexadecimal`;
  }
  return undefined;
}

function textProblem(name: string, text: string, maxLength: number): string | undefined {
  if (text.length === 0 || text.length > maxLength) return `${name}: expected 1 to ${maxLength} characters`;
  // Line breaks would forge lines; escapes and format characters change what a reader sees.
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)) return `${name}: expected plain text, got a control character`;
  return text.isWellFormed() ? undefined : `${name}: expected Unicode text`;
}
