import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { equalBytes, utf8 } from '../../../src/core/bytes.ts';
import { spkiOf } from '../../../src/core/digest.ts';
import { emptyRecord, formatDeploymentRecord, parseDeploymentRecord } from '../../../src/services/deployment.ts';

const arn = 'arn:aws:kms:eu-central-1:111122223333:key/12345678-1234-1234-1234-123456789012';
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const privatePem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const parse = (document: unknown) => parseDeploymentRecord(utf8(JSON.stringify(document)), 'deployment.json');
const document = (key: object = {}, rest: object = {}) => ({
  format: 'sigstead deployment v1',
  keys: { fulcio: { arn, publicKey: publicPem, ...key } },
  images: { fulcio: digest },
  ...rest,
});

describe('parseDeploymentRecord', () => {
  it('reads what formatDeploymentRecord wrote, in whatever order that was', () => {
    const { publicKey } = pair;
    const record = {
      keys: new Map([
        ['tuf-online', { arn, publicKey }],
        ['fulcio', { arn: arn.replace('aws:', 'aws-us-gov:'), publicKey }],
      ]),
      images: new Map([['fulcio', digest]]),
    };
    const bytes = formatDeploymentRecord(record);
    const read = parseDeploymentRecord(bytes, 'deployment.json');
    expect([...read.keys.keys()]).toEqual(['fulcio', 'tuf-online']);
    expect(read.keys.get('tuf-online')?.arn).toBe(arn);
    expect(equalBytes(spkiOf(read.keys.get('fulcio')?.publicKey ?? pair.privateKey), spkiOf(publicKey))).toBe(true);
    expect(read.images).toEqual(record.images);
    expect(formatDeploymentRecord(read)).toEqual(bytes);
  });

  it('reads a record of nothing', () => {
    expect(parseDeploymentRecord(formatDeploymentRecord(emptyRecord), 'deployment.json')).toEqual(emptyRecord);
  });

  it.each([
    ['the ARN of an alias', document({ arn: arn.replace(/key\/.*/, 'alias/acme/fulcio') }), 'keys.fulcio.arn'],
    ['an alias', document({ arn: 'alias/acme/fulcio' }), 'keys.fulcio.arn'],
    ['the ARN of another service', document({ arn: arn.replace(':kms:', ':s3:') }), 'keys.fulcio.arn'],
    ['a partition that the servers cannot read', document({ arn: arn.replace('aws:', 'aws-iso:') }), 'keys.fulcio.arn'],
    ['a private key', document({ publicKey: privatePem }), 'keys.fulcio.publicKey'],
    ['a certificate in place of a key', document({ publicKey: 'CERTIFICATE' }), 'keys.fulcio.publicKey'],
    ['text after a key', document({ publicKey: `${publicPem}x` }), 'keys.fulcio.publicKey'],
    ['two keys in one', document({ publicKey: publicPem + publicPem }), 'keys.fulcio.publicKey'],
    ['a field that it does not know', document({ privateKey: 'x' }), 'keys.fulcio.privateKey'],
    ['an image by its tag', document({}, { images: { fulcio: 'v1.0.0' } }), 'images.fulcio'],
    ['a section that it does not know', document({}, { aliases: {} }), 'aliases'],
    ['another format', document({}, { format: 'sigstead deployment v2' }), 'format'],
    ['no keys', { format: 'sigstead deployment v1', images: {} }, 'keys'],
  ])('refuses %s, and says where', (_what, given, path) => {
    expect(() => parse(given)).toThrowToolkit('SVC_DEPLOYMENT', {
      problems: expect.arrayContaining([expect.objectContaining({ path })]),
    });
  });

  it('tells all problems at once', () => {
    const bad = document({ arn: 'alias/x', publicKey: privatePem }, { images: { fulcio: 'latest' } });
    expect(() => parse(bad)).toThrowToolkit('SVC_DEPLOYMENT', {
      problems: ['keys.fulcio.arn', 'keys.fulcio.publicKey', 'images.fulcio'].map((path) =>
        expect.objectContaining({ path }),
      ),
    });
  });

  it('does not repeat a private key that it refuses', () => {
    expect(() => parse(document({ publicKey: privatePem }))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('PRIVATE') }),
    );
  });

  it('refuses what is no JSON object, or too large', () => {
    expect(() => parse([])).toThrowToolkit('CORE_JSON');
    expect(() => parseDeploymentRecord(new Uint8Array((1 << 20) + 1), 'deployment.json')).toThrowToolkit(
      'CORE_TOO_LARGE',
    );
  });
});
