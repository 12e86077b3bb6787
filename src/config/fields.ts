import { z } from 'zod';

/**
 * The words of a schema: what is expected and, after a line break, the fix. zod carries one string per rule;
 * `schema-problems.ts` takes it apart and adds what it got.
 */
export function words(expected: string, fix?: string): { readonly error: string } {
  return { error: fix === undefined ? expected : `${expected}\n${fix}` };
}

/** A mapping with these keys and no others. For unknown keys the words are the known ones. */
export function section<Shape extends z.core.$ZodShape>(shape: Shape) {
  const known = Object.keys(shape).join(' ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? known : 'a mapping'),
  });
}

/** A string of a given form. */
export function text(pattern: RegExp, expected: string, fix?: string) {
  return z.string(words(expected, fix)).regex(pattern, { ...words(expected, fix), abort: true });
}

/** A list of at least one item. */
export function list<Item extends z.core.SomeType>(item: Item, what: string) {
  const expected = words(`a list of at least one ${what}`);
  return z.array(item, expected).min(1, expected);
}

export function choice<const Values extends readonly string[]>(values: Values) {
  return z.enum(values, words(`one of ${values.join(', ')}`));
}

/** A whole number of days. */
export function days(max: number) {
  const expected = words(`a whole number of days from 1 to ${max}`);
  return z.int(expected).min(1, expected).max(max, expected);
}

/** A host name of at least two labels whose last one is no number (so no IP address), for use inside a pattern. */
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const host = `(?=[a-z0-9.-]{1,253}$)(?:${label}\\.)+(?=[a-z0-9-]*[a-z])${label}`;

const hostFix = 'write the bare name: no scheme, port, path, space, "+" or capital letters';

export const hostName = text(new RegExp(`^${host}$`), 'a lower-case host name like log2026-1.acme.example', hostFix);

/** A domain leaves room for the name of a service in front of it. */
export const domainName = text(
  new RegExp(`^(?=.{1,220}$)${host}$`),
  'a lower-case domain name like sigstore.acme.example',
  hostFix,
);

export const serviceName = text(
  /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/,
  'a name of 1 to 32 characters a-z, 0-9 and "-", like log2026-1',
);

export const emailAddress = text(
  new RegExp(`^[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9])?@${host}$`),
  'a lower-case e-mail address like dev@example.com',
  'certificates hold the address exactly as it stands here',
);

/** Text for people: one line. */
export const displayText = text(/^\S(?:.{0,62}\S)?$/, 'one line of 1 to 64 characters, without space around it');

export const filePath = text(/^\S(?:.{0,1022}\S)?$/, 'the path of a file');

/** Of a file that could not be read as a whole. */
export function isFilePath(value: string): boolean {
  return filePath.safeParse(value).success && !value.includes('\0');
}

export const clientId = text(
  /^[\x21-\x7e]{1,255}$/,
  'an OAuth client id',
  'the provider shows it where the client is registered',
);

/**
 * Where a key lives. A PKCS#11 URI (RFC 7512) names token and object, and never the PIN: the configuration is
 * reviewed by many and kept in version control.
 */
export const keySource = text(
  /^(?:awskms|file|pkcs11:(?!.*pin-value)(?=(?:.*;)?(?:object|id)=)[\x21-\x7e]{1,1024})$/,
  'awskms, file or a URI like pkcs11:token=sigstore;object=fulcio',
  'a URI names the key with object= or id=, and leaves the PIN out; tink: is for the signature log (Rekor) alone',
).transform((source) => source as 'awskms' | 'file' | `pkcs11:${string}`);

/**
 * Where the key of a signature log lives. `tink:` is followed by the ARN of the KMS key that wraps its keyset; an alias
 * could be pointed at another key.
 */
export const rekorKeySource = text(
  /^(?:awskms|file|pkcs11:[\x21-\x7e]{1,1024}|tink:arn:aws(?:-us-gov|-cn)?:kms:[a-z0-9-]{5,30}:\d{12}:key\/[a-z0-9-]{36})$/,
  'awskms, file or tink: and the ARN of a KMS key like tink:arn:aws:kms:eu-central-1:123456789012:key/…',
  'use awskms, unless the key must be wrapped by a key of your own: docs/hsm.md',
).transform((source) => source as 'awskms' | 'file' | `pkcs11:${string}` | `tink:${string}`);

const authority = String.raw`^https?:\/\/[^\s/?#@\\]+`;
const urlFix =
  'tokens name their issuer with exactly this text: copy "issuer" from its /.well-known/openid-configuration';
const urlWords = 'the URL of an issuer, without user, query or fragment';

/** An issuer's URL, which is compared as text: nothing is normalised. */
export const issuerUrl = secure(
  text(new RegExp(`${authority}(?:\\/[^\\s?#\\\\]*)?$`), `${urlWords}, like https://login.acme.example`, urlFix),
);

/** Like `issuerUrl`, for products whose issuers never end in "/". */
export const issuerUrlWithoutSlash = secure(
  text(new RegExp(`${authority}(?:\\/[^\\s?#\\\\]*[^\\s?#\\\\/])?$`), `${urlWords} and without "/" at its end`, urlFix),
);

function secure(schema: z.ZodString) {
  return schema
    .refine((url) => URL.canParse(url), { ...words('a URL'), abort: true })
    .refine(
      isSecure,
      words(
        'an https:// URL',
        'http:// is for loopback: whoever is between Fulcio and the issuer could forge identities',
      ),
    );
}

/** True for https, and for http where nobody can stand in between. */
export function isSecure(text: string): boolean {
  const url = URL.parse(text);
  if (url === null) return false;
  return url.protocol === 'https:' || /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
}
