import { beginsChain, type Intent } from '../../src/config/intent.ts';
import type { Complaint, Rule } from '../../src/core/rules.ts';
import type { RootDocument } from '../../src/tuf/document.ts';
import type { RoleKey } from '../../src/tuf/key.ts';
import { ownerName } from '../owners.ts';
import type { ReviewedPlan } from '../plan.ts';
import { type RootChange, rootChanges } from '../root-changes.ts';

/** Holders sign because of what was announced: a change that rides along unseen is how a root is stolen. */
export const announcedChanges: Rule<ReviewedPlan> = {
  id: 'announced-changes',
  title: 'the root changes in what the intent announces, and in nothing else',
  check: ({ announced, current, documents: { root } }) => {
    if (!announced || !current || beginsChain(announced.kind)) return 'not-applicable';
    const changes = root ? rootChanges(current.root, root) : [];
    const unexpected = changes.filter((change) => !isAnnounced(change, announced));
    const last = root ?? current.root;
    return [...unexpected.map((change) => unannounced(change, announced)), ...missing(changes, announced, last)];
  },
};

function isAnnounced(change: RootChange, intent: Intent): boolean {
  switch (change.what) {
    case 'threshold':
      return intent.threshold === change.role;
    case 'key-added':
    case 'key-removed':
      return change.holder === undefined ? changesOnlineKey(intent) : isHoldersKey(change, intent);
    default:
      return false;
  }
}

function isHoldersKey({ what, holder = '', roles }: Extract<RootChange, { roles: unknown }>, intent: Intent): boolean {
  if (!intent.holders.includes(holder)) return false;
  if (intent.kind === 'add-holder') return what === 'key-added';
  if (intent.kind === 'remove-holder') return what === 'key-removed';
  return intent.kind !== 'rotate-targets-keys' || !roles.includes('root');
}

function changesOnlineKey({ kind }: Intent): boolean {
  return kind === 'rotate-online' || kind === 'recover-fast-forward';
}

function unannounced(change: RootChange, { kind }: Intent): Complaint {
  const hint = 'announce it in an event of its own, or take it back';
  switch (change.what) {
    case 'threshold':
      return {
        where: `roles.${change.role}.threshold`,
        message: `${kind} does not announce that ${change.from} becomes ${change.to}`,
        hint,
      };
    case 'field':
      return { where: change.field, message: `${kind} does not announce that this field changes`, hint };
    case 'relabelled':
      return {
        where: `keys.${change.key.keyid}`,
        message: `expected the id ${change.from} to stay, got the same private key under another`,
        hint: 'a key under another id is no other key: every signature it made still counts',
      };
    default: {
      const { holder, key, roles } = change;
      const owner = holder ?? ownerName(new Map(), key.keyid);
      const verb = change.what === 'key-added' ? 'is added' : 'is removed';
      return {
        where: `keys.${key.keyid}`,
        message: `${kind} does not announce that ${owner} ${verb} (${roles.join(', ')})`,
        hint,
      };
    }
  }
}

/** What was announced must happen too: a revocation that revokes nothing is worse than none. */
function missing(changes: readonly RootChange[], intent: Intent, root: RootDocument): readonly Complaint[] {
  const has = (what: RootChange['what'], holder?: string) =>
    changes.some((change) => change.what === what && (!('holder' in change) || change.holder === holder));
  // A key that leaves one role and stays in another was neither replaced nor revoked.
  const isGone = ({ physicalKey }: RoleKey) => ![...root.keys.values()].some((key) => key.physicalKey === physicalKey);
  const loses = (holder: string) =>
    changes.some((change) => change.what === 'key-removed' && change.holder === holder && isGone(change.key));
  const complaint = (what: string, hint: string): Complaint => ({
    where: `intent: ${intent.kind}`,
    message: `expected ${what}, got none`,
    hint,
  });
  const kept = (id: string) =>
    complaint(`a key of ${id} to leave the root`, 'take the holder out of policy.yaml, or enroll another key');
  const enrol = 'enroll the new key first: sigstead ceremony invite, then enroll';
  switch (intent.kind) {
    case 'add-holder':
    case 'rotate-targets-keys':
      return intent.holders.filter((id) => !has('key-added', id)).map((id) => complaint(`another key of ${id}`, enrol));
    case 'replace-key':
    case 'replace-quorum':
      return intent.holders.flatMap((id) => {
        if (!has('key-added', id)) return complaint(`another key of ${id}`, enrol);
        return loses(id) ? [] : kept(id);
      });
    case 'remove-holder':
    case 'revoke-key':
      return intent.holders.filter((id) => !loses(id)).map(kept);
    case 'set-threshold':
      return has('threshold') ? [] : [complaint('another threshold', 'change it in policy.yaml')];
    case 'rotate-online':
    case 'recover-fast-forward':
      return has('key-added')
        ? []
        : [complaint('another online key', 'run: sigstead ceremony enroll --online --signer URI')];
    default:
      return [];
  }
}
