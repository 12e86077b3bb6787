import { ToolkitError } from '../core/error.ts';

/** A store URI that cannot be used as it stands. */
export function storeUriError(uri: string, reason: string, hint: string): ToolkitError {
  const shown = uri.slice(0, 400);
  return new ToolkitError('STORE_URI', {
    message: `store ${JSON.stringify(shown)}: ${reason}`,
    fault: 'input',
    data: { uri: shown, reason },
    hint,
  });
}
