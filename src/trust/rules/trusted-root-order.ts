import { aboutTrustedRoot, listsOf, type TrustRule } from './subject.ts';

export const trustedRootOrder: TrustRule = {
  id: 'trusted-root-order',
  title: 'Each list of the trusted root is oldest first, as the schema asks of every client.',
  // Clients try every entry that is valid; the order is for people and for clients to come.
  severity: 'warning',
  check: (subject) =>
    Object.entries(listsOf(subject)).flatMap(([name, entries]) => {
      const late = entries.find((entry, index) => {
        const next = entries[index + 1];
        return next !== undefined && entry.validFor.start > next.validFor.start;
      });
      if (late === undefined) return [];
      return [aboutTrustedRoot(name, { message: `expected the oldest first, got ${late.path} before an older one` })];
    }),
};
