import { sha256Hex } from '../../src/core/digest.ts';
import { trustFileNames } from '../../src/trust/compile.ts';
import { diffTrust } from '../../src/trust/diff.ts';
import type { TrustFiles } from '../../src/trust/lint.ts';
import { parseDocument } from '../../src/tuf/document.ts';
import type { FrozenPayload } from '../freeze.ts';
import type { Plan } from '../plan.ts';
import { changedDelegations, changedTargets, type DelegationChange, type TargetChange } from '../targets-changes.ts';

/** Says in a line each which files change, and of those that clients trust by, what changes in them. */
export function targetLines(plan: Plan, { signed }: FrozenPayload): readonly string[] {
  const targets = parseDocument(signed, 'targets');
  const changes = changedTargets(plan.current?.targets, targets);
  const delegations = changedDelegations(plan.current?.targets, targets).map(delegationLine);
  if (changes.length === 0 && delegations.length === 0) {
    if (!plan.current) return ['NO FILE AT ALL: clients will find nothing to trust by'];
    return ['no file changes: it is signed anew, for its time or because its signers changed'];
  }
  return [...changes.map((change) => fileLine(change, plan)), ...trustLines(plan), ...delegations];
}

/** Whose keys may sign from now on, and for what: the whole ids, to be compared with those of the owners. */
function delegationLine({ delegation, what }: DelegationChange): string {
  const { name, quorum, paths = [], terminating } = delegation;
  const mark = { added: '+', changed: '~', moved: '~', removed: '-' }[what];
  const keys = quorum.keys.map(({ keyid }) => keyid).join(', ');
  return `${mark} role ${name} for ${paths.join(', ')}${terminating ? ' (terminating)' : ''}: ${quorum.threshold} of ${keys}`;
}

function fileLine({ name, what }: TargetChange, { current, targetFiles }: Plan): string {
  const mark = { added: '+', changed: '~', removed: '-' }[what];
  const digest = (bytes: Uint8Array | undefined) => (bytes ? sha256Hex(bytes).slice(0, 16) : 'none');
  const files = `${digest(current?.targetFiles.get(name))} -> ${digest(targetFiles?.get(name))}`;
  return `${mark} ${name}  sha256 ${files}`;
}

function trustLines({ current, targetFiles }: Plan): readonly string[] {
  const [before, after] = [current?.targetFiles, targetFiles].map(trustOf);
  return after ? diffTrust(before, after).map((line) => `    ${line}`) : [];
}

function trustOf(files: ReadonlyMap<string, Uint8Array> | undefined): TrustFiles | undefined {
  const trustedRoot = files?.get(trustFileNames.trustedRoot);
  const signingConfig = files?.get(trustFileNames.signingConfig);
  return trustedRoot && signingConfig ? { trustedRoot, signingConfig } : undefined;
}
