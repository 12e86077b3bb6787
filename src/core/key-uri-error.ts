import { ToolkitError } from './error.ts';

/** A key URI that cannot be used as it stands. */
export function keyUriError(uri: string, reason: string, hint: string): ToolkitError {
  const shown = redact(uri);
  return new ToolkitError('KEY_URI', {
    message: `key URI ${JSON.stringify(shown)}: ${reason}`,
    fault: 'input',
    data: { uri: shown, reason },
    hint,
  });
}

/** Hides what a PIN in the URI would be: messages end up in logs. */
function redact(uri: string): string {
  return uri.replace(/(pin-value=)[^;&?]*/gi, '$1…').slice(0, 400);
}
