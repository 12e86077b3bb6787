import { aboutSigningConfig, type TrustRule } from './subject.ts';

export const selectorAny: TrustRule = {
  id: 'selector-any',
  title: 'The selectors are ANY: sigstore-js refuses to sign with another. All other clients can.',
  severity: 'warning',
  check: ({ signingConfig: { rekorSelection, timestampSelection } }) =>
    Object.entries({ rekorTlogConfig: rekorSelection, tsaConfig: timestampSelection }).flatMap(([field, selection]) =>
      selection === undefined || selection.selector === 'ANY'
        ? []
        : [
            aboutSigningConfig(field, {
              message: `expected ANY, got ${selection.selector}: sigstore-js (npm) cannot sign on this instance`,
            }),
          ],
    ),
};
