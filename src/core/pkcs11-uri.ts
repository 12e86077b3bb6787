import { isUtf8 } from 'node:buffer';
import { toHex, utf8 } from './bytes.ts';
import { ToolkitError } from './error.ts';
import { keyUriError } from './key-uri-error.ts';

export interface Pkcs11KeyUri {
  readonly scheme: 'pkcs11';
  readonly token?: string;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly serial?: string;
  /** Label of the key (CKA_LABEL). */
  readonly object?: string;
  /** CKA_ID of the key. */
  readonly id?: Uint8Array;
  readonly slotId?: number;
  /** The PKCS#11 library. */
  readonly modulePath?: string;
  readonly moduleName?: string;
  /** Where the PIN is read from: a path or a `file:` URI. */
  readonly pinSource?: string;
}

const pathAttributes = ['token', 'manufacturer', 'model', 'serial', 'object', 'id', 'type', 'slot-id'];
const queryAttributes = ['module-path', 'module-name', 'pin-source'];
const example = 'e.g. pkcs11:token=sigstead;object=fulcio?module-path=/usr/lib/softhsm/libsofthsm2.so';

/**
 * Parses a PKCS#11 URI that names one private key (RFC 7512): by `object`, `id` or both. Attributes that we do not
 * know are refused, since leaving one out could select another key.
 * @throws KEY_URI
 * @throws KEY_URI_SECRET if the PIN stands in the URI
 * @see https://www.rfc-editor.org/rfc/rfc7512#section-2.3
 */
export function parsePkcs11Uri(uri: string): Pkcs11KeyUri {
  if (/[;?&:]pin-value=/i.test(uri)) throw pinInUri();
  const [path = '', query, ...more] = uri.slice('pkcs11:'.length).split('?');
  if (more.length > 0) throw keyUriError(uri, 'expected at most one "?"', example);
  const attributes = readAttributes(uri, path, { separator: ';', known: pathAttributes });
  const options = readAttributes(uri, query ?? '', { separator: '&', known: queryAttributes });
  const type = textOf(attributes, 'type');
  if (type !== undefined && type !== 'private') {
    throw keyUriError(uri, `expected type=private, got type=${type}`, example);
  }
  if (!attributes.has('object') && !attributes.has('id')) {
    throw keyUriError(uri, 'expected object= or id=, or it would not say which key of the token', example);
  }
  return { scheme: 'pkcs11', ...namesOf(attributes), ...slotOf(uri, attributes), ...optionsOf(options) };
}

/**
 * Writes the URI of a private key, without module and PIN source, which differ from machine to machine.
 * `parsePkcs11Uri` reads it back as it was.
 */
export function formatPkcs11Uri(key: Pick<Pkcs11KeyUri, 'token' | 'serial' | 'object' | 'id'>): string {
  const encode = (bytes: Uint8Array) => Array.from(bytes, (byte) => `%${toHex(Uint8Array.of(byte))}`).join('');
  const encodeText = (text: string) => text.replace(/[^A-Za-z0-9\-._~]/gu, (char) => encode(utf8(char)));
  const { token, serial, object, id } = key;
  const parts = Object.entries({ token, serial, object }).map(([name, text]) => [name, text && encodeText(text)]);
  const given = [...parts, ['id', id && encode(id)], ['type', 'private']].filter(([, value]) => value);
  return `pkcs11:${given.map((pair) => pair.join('=')).join(';')}`;
}

type Attributes = ReadonlyMap<string, Uint8Array>;

function namesOf(attributes: Attributes): Omit<Pkcs11KeyUri, 'scheme'> {
  const id = attributes.get('id');
  return definedOnly({
    token: textOf(attributes, 'token'),
    manufacturer: textOf(attributes, 'manufacturer'),
    model: textOf(attributes, 'model'),
    serial: textOf(attributes, 'serial'),
    object: textOf(attributes, 'object'),
    id,
  });
}

function optionsOf(options: Attributes): Omit<Pkcs11KeyUri, 'scheme'> {
  return definedOnly({
    modulePath: textOf(options, 'module-path'),
    moduleName: textOf(options, 'module-name'),
    pinSource: textOf(options, 'pin-source'),
  });
}

function slotOf(uri: string, attributes: Attributes): { slotId?: number } {
  const text = textOf(attributes, 'slot-id');
  if (text === undefined) return {};
  if (!/^(?:0|[1-9][0-9]{0,9})$/.test(text))
    throw keyUriError(uri, `expected slot-id to be a number, got ${text}`, example);
  return { slotId: Number(text) };
}

interface Grammar {
  readonly separator: string;
  readonly known: readonly string[];
}

function readAttributes(uri: string, text: string, { separator, known }: Grammar): Attributes {
  const attributes = new Map<string, Uint8Array>();
  for (const part of text === '' ? [] : text.split(separator)) {
    const [name = '', value, ...more] = part.split('=');
    if (value === undefined || value === '' || more.length > 0) {
      throw keyUriError(uri, `expected name=value, got ${JSON.stringify(part)}`, example);
    }
    if (!known.includes(name))
      throw keyUriError(uri, `unknown attribute ${JSON.stringify(name)}`, `known: ${known.join(', ')}`);
    if (attributes.has(name)) throw keyUriError(uri, `attribute ${name} appears twice`, example);
    const bytes = percentDecode(uri, value);
    if (name !== 'id') assertText(uri, name, bytes);
    attributes.set(name, bytes);
  }
  return attributes;
}

function percentDecode(uri: string, value: string): Uint8Array {
  if (!/^(?:[A-Za-z0-9\-._~:[\]@!$'()*+,&/|]|%[0-9A-Fa-f]{2})+$/.test(value)) {
    throw keyUriError(uri, `expected percent-encoding in ${JSON.stringify(value)}`, 'a space is %20, a semicolon %3B');
  }
  const bytes = value.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return new Uint8Array(Buffer.from(bytes, 'latin1'));
}

/** Every attribute but the id is text in UTF-8 (RFC 7512 §2.3). */
function assertText(uri: string, name: string, bytes: Uint8Array): void {
  if (!isUtf8(bytes)) throw keyUriError(uri, `expected ${name} in UTF-8`, example);
}

function textOf(attributes: Attributes, name: string): string | undefined {
  const bytes = attributes.get(name);
  return bytes && new TextDecoder().decode(bytes);
}

function definedOnly<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

function pinInUri(): ToolkitError {
  return new ToolkitError('KEY_URI_SECRET', {
    message: 'key URI: expected no pin-value, which would end up in logs and process lists',
    fault: 'input',
    hint: 'put the PIN into a file of mode 0600 and name it with ?pin-source=file:/path',
  });
}
