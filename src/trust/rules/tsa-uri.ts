import { overlaps } from '../period.ts';
import { inTrustedRoot, type TrustRule } from './subject.ts';

export const tsaUri: TrustRule = {
  id: 'tsa-uri',
  title: 'A timestamp authority has a URI of its own: sigstore-go counts two with the same URI as one.',
  check: ({ trustedRoot: { timestampAuthorities } }) =>
    inTrustedRoot(timestampAuthorities, (authority) => {
      if (authority.uri === '') return { message: 'expected a URI of its own, got none' };
      const before = timestampAuthorities.slice(0, timestampAuthorities.indexOf(authority));
      const twin = before.find(({ uri, validFor }) => uri === authority.uri && overlaps(validFor, authority.validFor));
      if (twin === undefined) return undefined;
      return {
        message: `expected a URI of its own, got the one of ${twin.path} (${twin.uri}), valid at the same time`,
        hint: 'any URL of your domain will do: nobody connects to it',
      };
    }),
};
