import type { JsonObject } from '../core/json.ts';
import type { Rule } from '../core/rules.ts';
import { type CaIntentFile, caIntentSchema } from './ca-intent-schema.ts';
import { checkDocument, type DocumentKind, jsonSchemaOf } from './document.ts';
import { type DraftFields, fieldsAt, fieldsOf } from './draft.ts';
import { formatPath } from './problem.ts';

/** What an event of an offline authority is for: the one file that its coordinator writes. */
export type CaIntent = CaIntentFile & {
  /** What stood in the file. */
  readonly text: string;
};

export type CaEventKind = CaIntent['kind'];

export type CaIntentOf<Kind extends CaEventKind> = Extract<CaIntent, { readonly kind: Kind }>;

export const caEventKinds: readonly CaEventKind[] = caIntentSchema.options.map(({ shape }) => shape.kind.value);

/** An intent as far as it can be read: its lists of holders. */
interface CaIntentDraft {
  readonly lists: readonly { readonly path: string; readonly ids: readonly unknown[] }[];
  readonly shares: { readonly path: string; readonly threshold: unknown; readonly count: number };
}

const rules: readonly Rule<CaIntentDraft>[] = [
  {
    id: 'unique-holders',
    title: 'each holder is listed once: one person who counts twice is one person',
    check: ({ lists }) =>
      lists
        .filter(({ ids }) => new Set(ids).size < ids.length)
        .map(({ path }) => ({ where: path, message: 'expected each holder once', hint: 'name different people' })),
  },
  {
    id: 'shares-spare',
    title: 'more shares are made than are needed, so that one may be lost',
    check: ({ shares: { path, threshold, count } }) =>
      typeof threshold !== 'number' || threshold < count
        ? []
        : [
            {
              where: path,
              message: `expected a threshold below the number of holders, got ${threshold} of ${count}`,
              hint: 'name another holder: with none to spare, the first share that is lost takes the key with it',
            },
          ],
  },
];

const caIntentKind: DocumentKind<typeof caIntentSchema, CaIntentDraft> = {
  schema: caIntentSchema,
  rules,
  draftOf,
  code: 'CFG_CA_INTENT_INVALID',
};

/**
 * Parses the intent of an event of an offline authority.
 * @throws CFG_CA_INTENT_INVALID with every problem at once, each with line, column, path, message and fix
 */
export function parseCaIntent(text: string, file: string): CaIntent {
  return { ...checkDocument(text, file, caIntentKind).value, text };
}

/** Returns the JSON Schema of such an intent, for editors. */
export function caIntentJsonSchema(): JsonObject {
  return jsonSchemaOf(caIntentSchema, 'ca-intent.yaml: what one event of an offline authority does, and why');
}

function draftOf(intent: unknown): CaIntentDraft {
  const top: DraftFields = { path: [], fields: fieldsOf(intent) };
  const shares = fieldsAt(top, 'shares');
  const holders = listOf(shares.fields['holders']);
  return {
    lists: [
      { path: 'authorisedBy', ids: listOf(top.fields['authorisedBy']) },
      { path: formatPath([...shares.path, 'holders']), ids: holders },
    ],
    shares: {
      path: formatPath([...shares.path, 'threshold']),
      threshold: holders.length > 0 ? shares.fields['threshold'] : undefined,
      count: holders.length,
    },
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
