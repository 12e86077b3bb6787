import type { JsonObject } from '../core/json.ts';
import { checkDocument, type DocumentKind, jsonSchemaOf } from './document.ts';
import { type IntentFile, intentSchema } from './intent-schema.ts';

export type EventKind = IntentFile['kind'];

export const eventKinds: readonly EventKind[] = intentSchema.options.map(({ shape }) => shape.kind.value);

/** What a ceremony event is for: the one file that its coordinator writes. */
export type Intent = {
  readonly [Field in 'kind' | 'reason']: IntentFile[Field];
} & {
  /** What stood in the file. */
  readonly text: string;
  /** The holders whose keys change, by id. */
  readonly holders: readonly string[];
  /** Holders whose published key does not sign. */
  readonly lost: readonly string[];
  /** Roles that are signed anew even if nothing in them changes. */
  readonly renew: readonly ('root' | 'targets')[];
  /** The role whose threshold changes. */
  readonly threshold: 'root' | 'targets' | undefined;
  /** True if files in `targets/` change with it. */
  readonly changesTargets: boolean;
  /** True if an authority or a log leaves `trusted_root.json`. */
  readonly revokes: boolean;
  /** The last root of the chain that a new one takes the place of. */
  readonly replaces: string | undefined;
  /** When a key was first in other hands. */
  readonly since: string | undefined;
  /** The role that part of the targets is delegated to. */
  readonly delegates: IntendedDelegation | undefined;
  /** The role that nothing is delegated to any more. */
  readonly undelegates: string | undefined;
};

export interface IntendedDelegation {
  readonly role: string;
  readonly threshold: number;
  /** Names of PEM files. */
  readonly keys: readonly string[];
  readonly paths: readonly string[];
  readonly terminating: boolean;
}

const intentKind: DocumentKind<typeof intentSchema, undefined> = {
  schema: intentSchema,
  rules: [],
  draftOf: () => undefined,
  code: 'CFG_INTENT_INVALID',
};

/**
 * Parses the intent of a ceremony event.
 * @throws CFG_INTENT_INVALID with every problem at once, each with line, column, path, message and fix
 */
export function parseIntent(text: string, file: string): Intent {
  const { value } = checkDocument(text, file, intentKind);
  const { kind, reason } = value;
  const lost = [...(value.lost ?? []), ...(value.kind === 'revoke-key' ? [value.holder] : [])];
  return {
    kind,
    reason,
    text,
    holders: 'holder' in value ? [value.holder] : 'holders' in value ? value.holders : [],
    lost: [...new Set(lost)],
    renew: value.kind === 'renew' ? (value.roles ?? ['root', 'targets']) : [],
    threshold: value.kind === 'set-threshold' ? value.role : undefined,
    changesTargets: value.targets === true || kind === 'update-targets' || beginsChain(kind),
    revokes: value.revokes === true,
    replaces: 'replaces' in value ? value.replaces : undefined,
    since: 'since' in value ? value.since : undefined,
    delegates: value.kind === 'delegate' ? delegationOf(value) : undefined,
    undelegates: value.kind === 'undelegate' ? value.role : undefined,
  };
}

/** True for the kinds that make a first root. */
export function beginsChain(kind: EventKind): boolean {
  return kind === 'genesis' || kind === 'regenesis';
}

function delegationOf({ role, threshold, keys, paths, terminating }: IntendedDelegation): IntendedDelegation {
  return { role, threshold, keys, paths, terminating };
}

/** Returns the JSON Schema of an intent, for editors. */
export function intentJsonSchema(): JsonObject {
  return jsonSchemaOf(intentSchema, 'intent.yaml: what one event of a root ceremony changes, and why');
}
