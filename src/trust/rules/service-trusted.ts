import type { AuthorityPeriod } from '../period.ts';
import { isValidAt } from '../period.ts';
import { aboutSigningConfig, type TrustRule } from './subject.ts';

export const serviceTrusted: TrustRule = {
  id: 'service-trusted',
  title: 'Every offered service has an entry in the trusted root that is valid now: else no client verifies its work.',
  check: ({ trustedRoot, signingConfig, now }) => {
    const validNow = ({ validFor }: { readonly validFor: AuthorityPeriod }) => isValidAt(validFor, now);
    // The two files share no name for a service (a URL is not an origin): they can only be counted.
    const pairs = [
      ['caUrls', signingConfig.fulcio, 'certificateAuthorities', trustedRoot.certificateAuthorities],
      ['rekorTlogUrls', signingConfig.rekor, 'tlogs', trustedRoot.tlogs],
      ['tsaUrls', signingConfig.timestamps, 'timestampAuthorities', trustedRoot.timestampAuthorities],
    ] as const;
    return pairs.flatMap(([field, services, list, entries]) => {
      const offered = services.filter(validNow).length;
      const trusted = entries.filter(validNow).length;
      if (trusted >= offered) return [];
      return [
        aboutSigningConfig(field, {
          message: `expected at most ${trusted} services, as many as ${list} has valid entries, got ${offered}`,
          hint: 'publish the trusted root first, and offer a service once clients have it',
        }),
      ];
    });
  },
};
