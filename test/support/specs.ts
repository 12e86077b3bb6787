import { instanceServices } from '../../src/services/instance.ts';
import type { Backend, Reference, ServiceSpec } from '../../src/services/service.ts';
import type { TrustMaterial } from '../../src/trust/material.ts';
import { sampleMaterial } from '../src/trust/sample.ts';
import { minimalConfig } from './minimal-config.ts';

export const localIssuerUrl = 'http://127.0.0.1:20001';

/** Every service of the smallest configuration. */
export async function sampleSpecs(backend: Backend, material?: TrustMaterial): Promise<readonly ServiceSpec[]> {
  return instanceServices(await minimalConfig(), material ?? (await sampleMaterial()), { backend, localIssuerUrl });
}

/** Every reference of a service, with where it stands. */
export function referencesOf(spec: ServiceSpec): readonly { readonly where: string; readonly reference: Reference }[] {
  const templates = [
    ...spec.flags.map(({ name, value }) => [`--${name}`, value] as const),
    ...spec.environment.map(({ name, value }) => [`$${name}`, value] as const),
  ];
  return templates.flatMap(([where, template]) =>
    template.flatMap((part) => (typeof part === 'string' ? [] : [{ where, reference: part }])),
  );
}

/** The text of a flag in which no reference stands. */
export function flagText(spec: ServiceSpec | undefined, name: string): string | undefined {
  const value = spec?.flags.find((flag) => flag.name === name)?.value;
  return value?.every((part) => typeof part === 'string') ? value.join('') : undefined;
}
