import { parseBase64, toBase64 } from '../core/bytes.ts';
import { ToolkitError } from '../core/error.ts';

export interface PemBlock {
  readonly label: string;
  readonly bytes: Uint8Array;
}

/** How to turn another key file into one that we, OpenSSL and the servers read. */
export const encryptHint =
  'encrypt it with: openssl pkcs8 -topk8 -v2 aes-256-cbc -scrypt -in OLD.pem -out NEW.pem && chmod 600 NEW.pem';

const pemForm = /^-----BEGIN ([A-Z0-9 ]+)-----\n([A-Za-z0-9+/=\n]+)\n-----END \1-----\n*$/;

/**
 * Parses a text that is one PEM block (RFC 7468) and nothing else.
 * @throws KEY_FORMAT
 */
export function parsePem(text: string, what: string): PemBlock {
  const [, label = '', body = ''] = pemForm.exec(text.replaceAll('\r\n', '\n')) ?? [];
  try {
    if (label === '') throw new Error('no PEM block, text around it, or headers in it');
    return { label, bytes: parseBase64(body.replaceAll('\n', ''), what) };
  } catch (cause) {
    throw new ToolkitError('KEY_FORMAT', {
      message: `${what}: expected one PEM block "ENCRYPTED PRIVATE KEY" and nothing else`,
      fault: 'input',
      data: { what },
      hint: encryptHint,
      cause,
    });
  }
}

export function formatPem(label: string, bytes: Uint8Array): string {
  const lines = toBase64(bytes).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
