import { dirname, resolve } from 'node:path';
import type { JsonObject } from '../core/json.ts';
import { shellWord } from '../core/shell.ts';
import type { ConfigWarning, KeySource } from './config.ts';
import { checkDocument, type DocumentKind, jsonSchemaOf, readDocument } from './document.ts';
import { type PolicyDraft, policyDraftOf, policyRules } from './policy-rules.ts';
import { type PolicyFile, type pinPolicies, policySchema, type touchPolicies } from './policy-schema.ts';

/** A role that people sign, `threshold` of `holders`. */
export interface RolePolicy {
  readonly threshold: number;
  /** Ids of the holders, in the order of the file. */
  readonly holders: readonly string[];
  /** A new version is valid for this long. */
  readonly expiryDays: number;
  /** The time for signing anew begins this long before expiry. */
  readonly resignDays: number;
}

/** A role that the online key signs. */
export interface OnlineRolePolicy {
  readonly expiryDays: number;
  readonly resignDays: number;
}

export interface Holder {
  readonly id: string;
  readonly name: string;
}

/** What every event of a ceremony must keep to. */
export interface CeremonyPolicy {
  /** Holders of a role who may be lost while the others can still sign, at least. */
  readonly tolerance: number;
  readonly planDays: number;
  /** What devices must attest of holders' keys. @default nothing */
  readonly attestation?: AttestationPolicy;
}

export interface AttestationPolicy {
  /** Oldest firmware, `x.y.z`. @default any */
  readonly firmware?: string;
  readonly pin: (typeof pinPolicies)[number];
  readonly touch: (typeof touchPolicies)[number];
  readonly revokedSerials: readonly number[];
}

/** The instance's root of trust: who signs what, how many of them, and for how long. */
export interface RootPolicy {
  /** Absolute path that it was read from. */
  readonly file: string;
  /** What stood there. */
  readonly text: string;
  readonly holders: readonly Holder[];
  readonly root: RolePolicy;
  readonly targets: RolePolicy;
  readonly online: { readonly key: KeySource };
  readonly ceremony: CeremonyPolicy;
  readonly snapshot: OnlineRolePolicy;
  readonly timestamp: OnlineRolePolicy;
  readonly warnings: readonly ConfigWarning[];
}

const policyKind: DocumentKind<typeof policySchema, PolicyDraft> = {
  schema: policySchema,
  rules: policyRules,
  draftOf: policyDraftOf,
  code: 'CFG_POLICY_INVALID',
};

/**
 * Parses a root policy: every threshold can be met by the holders named, and every role is signed anew before it expires.
 * @throws CFG_POLICY_INVALID with every problem at once (`data.problems`), each with line, column, path, message and fix
 */
export function parseRootPolicy(text: string, file: string): RootPolicy {
  const { value, warnings } = checkDocument(text, file, policyKind);
  const everybody = value.holders.map(({ id }) => id);
  return {
    file: resolve(file),
    text,
    holders: value.holders,
    root: roleOf(value.root, everybody),
    targets: roleOf(value.targets, everybody),
    online: value.online,
    ceremony: value.ceremony,
    snapshot: value.snapshot,
    timestamp: value.timestamp,
    warnings,
  };
}

/**
 * Reads and parses a root policy (see `parseRootPolicy`).
 * @throws CFG_MISSING, CFG_POLICY_INVALID, CORE_TOO_LARGE, CORE_ENCODING, CORE_FILE_READ
 */
export async function readRootPolicy(file: string): Promise<RootPolicy> {
  const hint = `start from the commented example: mkdir -p ${shellWord(dirname(file))} && cp examples/root-signing/policy.yaml ${shellWord(file)}`;
  return parseRootPolicy(await readDocument(file, 'root policy', hint), file);
}

/** Returns the JSON Schema of a root policy, for editors: the form only, without the rules between fields. */
export function rootPolicyJsonSchema(): JsonObject {
  return jsonSchemaOf(policySchema, 'root-signing/policy.yaml: the root of trust of one Sigstore instance');
}

function roleOf(role: PolicyFile['root'], everybody: readonly string[]): RolePolicy {
  return { ...role, holders: role.holders ?? everybody };
}
