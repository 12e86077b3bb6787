import { ToolkitError } from '../../../src/core/error.ts';
import type { Json } from '../../../src/core/json.ts';
import { readShape, text } from '../../../src/core/shape.ts';

/** Gets an OpenID Connect ID token for the prober's own identity, with nobody there. */
export interface TokenSource {
  token(): Promise<string>;
}

/** Reads one text out of an answer that may hold a token: no error quotes any of it. */
export function textOf(json: Json, field: string): string | undefined {
  const value = typeof json === 'object' && json !== null && !Array.isArray(json) ? json[field as never] : undefined;
  return readShape(text, value ?? null).value;
}

export function noToken(where: string, reason: string): ToolkitError {
  return new ToolkitError('OPS_PROBER_TOKEN', {
    message: `${where}: expected a token for the prober, got ${reason}`,
    fault: 'environment',
    data: { where, reason },
    hint: "check the prober's secret against the identity provider: account, password, client and grant",
  });
}
