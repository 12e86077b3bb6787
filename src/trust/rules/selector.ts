import { isValidAt } from '../period.ts';
import type { OfferedService, ServiceSelection } from '../signing-config.ts';
import { aboutSigningConfig, type Objection, type TrustRule } from './subject.ts';

export const selector: TrustRule = {
  id: 'selector',
  title: 'The selection of logs and timestamps is given and can be met: sigstore-js asks no service without one.',
  check: ({ signingConfig, now }) => {
    const { rekor, rekorSelection, timestamps, timestampSelection } = signingConfig;
    const fields = [
      ['rekorTlogConfig', rekor, rekorSelection],
      ['tsaConfig', timestamps, timestampSelection],
    ] as const;
    return fields.flatMap(([field, services, selection]) => {
      const objection = objectionTo(selection, operatorsAt(services, now), services.length);
      return objection ? [aboutSigningConfig(field, objection)] : [];
    });
  },
};

function objectionTo(
  selection: ServiceSelection | undefined,
  operators: number,
  services: number,
): Objection | undefined {
  if (selection === undefined) {
    return services === 0 ? undefined : { message: 'expected a selector, got none' };
  }
  const { selector: kind, count } = selection;
  if (kind !== 'EXACT' || (count >= 1 && count <= operators)) return undefined;
  return { message: `expected a count from 1 to ${operators}, the number of operators offered now, got ${count}` };
}

/** Clients take one service of each operator. */
function operatorsAt(services: readonly OfferedService[], now: Date): number {
  return new Set(services.filter(({ validFor }) => isValidAt(validFor, now)).map(({ operator }) => operator)).size;
}
