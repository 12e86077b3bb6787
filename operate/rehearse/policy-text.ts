import type { RootPolicy } from '../../src/config/root-policy.ts';

/** Writes a policy as its file, e.g. with one holder more: a rehearsal changes it as a coordinator would. */
export function policyText(policy: Omit<RootPolicy, 'file' | 'text' | 'warnings'>): string {
  const { holders, root, targets, online, ceremony, snapshot, timestamp } = policy;
  // JSON is YAML too, and quotes every name.
  return `${JSON.stringify({ holders, root, targets, online, ceremony, snapshot, timestamp }, undefined, 2)}\n`;
}
