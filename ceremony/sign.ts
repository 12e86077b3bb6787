import { toHex } from '../src/core/bytes.ts';
import { sha256Hex } from '../src/core/digest.ts';
import { ToolkitError } from '../src/core/error.ts';
import type { Signer } from '../src/core/signer.ts';
import { canonicalize } from '../src/tuf/canonical-json.ts';
import { physicalKeyOf, type RoleKey, verifiesWith } from '../src/tuf/key.ts';
import type { RoleName } from '../src/tuf/layout.ts';
import type { FrozenPayload, FrozenPlan } from './freeze.ts';

/** One signature by one holder, detached from what it signs: what travels back from an offline machine. */
export interface PayloadSignature {
  readonly role: RoleName;
  readonly version: number;
  /** SHA-256 of the canonical bytes that were signed. */
  readonly digest: string;
  readonly keyid: string;
  /** Hexadecimal. */
  readonly sig: string;
}

/**
 * Signs payloads of a plan with each signer whose key a quorum of that payload lists. A holder of another role of the
 * same root has nothing to sign, and that is no error.
 * @throws CER_SIGNER_UNKNOWN if neither the plan nor the published root lists a signer's key
 * @throws CER_DIGEST_CHANGED, CER_SIGNATURE_INVALID
 */
export async function signPlan(
  plan: FrozenPlan,
  signers: readonly Signer[],
  roles: readonly RoleName[] = plan.payloads.map(({ role }) => role),
): Promise<readonly PayloadSignature[]> {
  for (const signer of signers) assertKnown(plan, signer);
  const signatures: PayloadSignature[] = [];
  for (const payload of plan.payloads.filter(({ role }) => roles.includes(role))) {
    for (const signer of signers) {
      for (const key of keysOf(payload, signer)) signatures.push(await signPayload(payload, key, signer));
    }
  }
  return signatures;
}

/** The digest is derived again from the payload itself: what was read aloud is what the key signs, or nothing is. */
async function signPayload(payload: FrozenPayload, key: RoleKey, signer: Signer): Promise<PayloadSignature> {
  const canonical = canonicalize(payload.signed);
  const digest = sha256Hex(canonical);
  if (digest !== payload.digest) throw changed(payload, digest);
  const sig = toHex(await signer.sign(canonical));
  if (!verifiesWith(key, canonical, sig)) {
    throw new ToolkitError('CER_SIGNATURE_INVALID', {
      message: `${signer.uri}: made a signature over ${payload.role} v${payload.version} that does not verify`,
      fault: 'evidence',
      data: { role: payload.role, keyid: key.keyid, signer: signer.uri },
    });
  }
  return { role: payload.role, version: payload.version, digest, keyid: key.keyid, sig };
}

/** A root that changes the id of a key lists it under both; the one signer then signs as both. */
function keysOf(payload: FrozenPayload, signer: Signer): readonly RoleKey[] {
  const own = physicalKeyOf(signer.publicKey);
  const keys = payload.quorums.flatMap((quorum) => quorum.keys).filter((key) => key.physicalKey === own);
  return [...new Map(keys.map((key) => [key.keyid, key])).values()];
}

function assertKnown({ plan, payloads }: FrozenPlan, signer: Signer): void {
  if (payloads.some((payload) => keysOf(payload, signer).length > 0)) return;
  const own = physicalKeyOf(signer.publicKey);
  const published = [...(plan.current?.root.keys.values() ?? [])];
  if (published.some(({ physicalKey }) => physicalKey === own)) return;
  const roles = payloads.map(({ role, version }) => `${role} v${version}`).join(', ');
  throw new ToolkitError('CER_SIGNER_UNKNOWN', {
    message: `${signer.uri}: expected a key that the root lists, got one that may not sign ${roles}`,
    fault: 'input',
    data: { signer: signer.uri, payloads: roles },
    hint: 'sign with the key that the root lists for this holder; a new key must first become part of the root',
  });
}

function changed(payload: FrozenPayload, digest: string): ToolkitError {
  return new ToolkitError('CER_DIGEST_CHANGED', {
    message: `${payload.role} v${payload.version}: frozen with digest ${payload.digest}, and now has ${digest}`,
    fault: 'evidence',
    data: { role: payload.role, frozen: payload.digest, got: digest },
    hint: 'nothing was signed; the payload changed after it was frozen',
  });
}
