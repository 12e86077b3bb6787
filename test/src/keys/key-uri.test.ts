import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fileKeyUri, parseKeyUri } from '../../../src/keys/key-uri.ts';

const uuid = '1234abcd-12ab-34cd-56ef-1234567890ab';
const arn = `arn:aws:kms:eu-central-1:111122223333:key/${uuid}`;

describe('parseKeyUri', () => {
  it.each([
    ['file:/srv/key.pem', { scheme: 'file', path: '/srv/key.pem' }],
    ['file:///srv/key.pem', { scheme: 'file', path: '/srv/key.pem' }],
    ['file:/srv/a%20b%25%C3%A4.pem', { scheme: 'file', path: '/srv/a b%ä.pem' }],
    [`awskms:///${arn}`, { scheme: 'awskms', keyId: arn, region: 'eu-central-1' }],
    [`awskms:///${uuid}`, { scheme: 'awskms', keyId: uuid }],
    [`awskms:///mrk-${'0'.repeat(32)}`, { scheme: 'awskms', keyId: `mrk-${'0'.repeat(32)}` }],
    ['awskms:///alias/fulcio', { scheme: 'awskms', keyId: 'alias/fulcio' }],
    ['awskms://localhost:4566/alias/x', { scheme: 'awskms', endpoint: 'localhost:4566', keyId: 'alias/x' }],
    [
      'awskms:///arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/a/b',
      { scheme: 'awskms', keyId: 'arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/a/b', region: 'us-gov-west-1' },
    ],
    ['pkcs11:object=fulcio', { scheme: 'pkcs11', object: 'fulcio' }],
    [
      'pkcs11:token=My%20token;id=%01%ff;type=private;slot-id=3?module-path=/usr/lib/p11.so&pin-source=file:/run/pin',
      {
        scheme: 'pkcs11',
        token: 'My token',
        id: Uint8Array.of(1, 255),
        slotId: 3,
        modulePath: '/usr/lib/p11.so',
        pinSource: 'file:/run/pin',
      },
    ],
    [
      'pkcs11:manufacturer=a;model=b;serial=c;object=d?module-name=e',
      { scheme: 'pkcs11', manufacturer: 'a', model: 'b', serial: 'c', object: 'd', moduleName: 'e' },
    ],
  ])('accepts %s', (uri, parsed) => {
    expect(parseKeyUri(uri)).toEqual(parsed);
  });

  it.each([
    '',
    '/srv/key.pem',
    'FILE:/srv/key.pem',
    'https://example.com/key',
    'file:',
    'file:key.pem',
    'file://host/srv/key.pem',
    'file://localhost/srv/key.pem',
    'file:////srv/key.pem',
    'file:/srv/../key.pem',
    'file:/srv/%2e%2e/key.pem',
    'file:/srv/a%2Fb.pem',
    'file:/srv/a b.pem',
    'file:/srv/%41.pem',
    'file:/srv/%zz.pem',
    'file:/srv/key.pem?x=1',
    'file:/srv/key.pem#x',
    'file:/srv/key.pem\n',
    'awskms:',
    'awskms:///',
    `awskms://${arn}`,
    'awskms:///alias/',
    'awskms:///1234',
    `awskms:///${uuid}/`,
    `awskms:///${uuid}?region=x`,
    `awskms:///arn:aws:kms:eu-central-1:1111:key/${uuid}`,
    `awskms:///arn:aws:s3:eu-central-1:111122223333:key/${uuid}`,
    `awskms://user@host/${uuid}`,
    'pkcs11:',
    'pkcs11:token=a',
    'pkcs11:object',
    'pkcs11:object=',
    'pkcs11:object=a;object=b',
    'pkcs11:object=a;',
    'pkcs11:object=a;x-vendor=b',
    'pkcs11:object=a;type=public',
    'pkcs11:object=a;slot-id=01',
    'pkcs11:object=a;slot-id=x',
    'pkcs11:object=a b',
    'pkcs11:object=%4',
    'pkcs11:object=a=b',
    'pkcs11:object=a?module-path=/x?module-name=y',
    'pkcs11:object=a?pin-sources=/x',
    'pkcs11:module-path=/x;object=a',
  ])('refuses %j', (uri) => {
    expect(() => parseKeyUri(uri)).toThrowToolkit('KEY_URI');
  });

  it('refuses a text that is not UTF-8 as a name', () => {
    expect(() => parseKeyUri('pkcs11:object=%ff')).toThrowToolkit('KEY_URI');
  });

  it('shows how to write what was meant', () => {
    expect(() => parseKeyUri(`awskms://${arn}`)).toThrowToolkit('KEY_URI', { uri: `awskms://${arn}` });
    expect(hintOf(`awskms://${arn}`)).toBe(`without an endpoint there are three slashes: awskms:///${arn}`);
    expect(hintOf('file:/srv/a b.pem')).toBe('write file:/srv/a%20b.pem');
  });

  it.each(['pkcs11:object=a?pin-value=1234', 'pkcs11:pin-value=1234;object=a', 'pkcs11:object=a?PIN-VALUE=1234'])(
    'refuses a PIN in %s, and does not repeat it',
    (uri) => {
      expect(() => parseKeyUri(uri)).toThrowToolkit('KEY_URI_SECRET');
      expect(() => parseKeyUri(uri)).not.toThrow('1234');
      expect(() => parseKeyUri(uri.replace('pkcs11:', 'hsm:'))).not.toThrow('1234');
    },
  );
});

describe('fileKeyUri', () => {
  it('accepts every absolute path and parses back to it', () => {
    const segment = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
      .filter((text) => !/^\.{1,2}$|[/\0]/.test(text));
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const path = `/${segments.join('/')}`;
        expect(parseKeyUri(fileKeyUri(path))).toEqual({ scheme: 'file', path });
      }),
    );
  });
});

function hintOf(uri: string): unknown {
  try {
    return parseKeyUri(uri);
  } catch (error) {
    return (error as { hint?: string }).hint;
  }
}
