import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { openStore } from '../../../src/store/open-store.ts';

describe('openStore', () => {
  it.each([
    ['/srv/tuf', 'file:/srv/tuf'],
    ['file:/srv/my%20tuf', 'file:/srv/my%20tuf'],
    ['file:///srv/tuf', 'file:/srv/tuf'],
    ['tuf', `file:${resolve('tuf')}`],
    ['./s3:bucket', `file:${resolve('s3:bucket')}`],
    ['s3://acme-tuf', 's3://acme-tuf'],
    ['s3://acme.tuf/production/eu', 's3://acme.tuf/production/eu'],
  ])('accepts %s', (uri, expected) => {
    expect(openStore(uri).uri).toBe(expected);
  });

  it.each([
    '',
    'gs://bucket',
    'https://tuf.example',
    'S3://bucket',
    'file:tuf',
    'file://server/tuf',
    'file:/srv/tuf?x=1',
    'file:/srv/%2Ftuf',
    's3:bucket',
    's3:///prefix',
    's3://',
    's3://ab',
    's3://Bucket',
    's3://under_score',
    's3://-bucket',
    's3://buc..ket',
    's3://192.168.0.1',
    's3://bucket/',
    's3://bucket/prefix/',
    's3://bucket//prefix',
    's3://bucket/../other',
    's3://bucket/.hidden',
    's3://user@bucket/prefix',
    `s3://${'b'.repeat(64)}`,
  ])('refuses %p', (uri) => {
    expect(() => openStore(uri)).toThrowToolkit('STORE_URI', { uri });
  });
});
