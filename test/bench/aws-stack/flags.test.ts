import { describe, expect, it } from '@jest/globals';
import { withFlags } from '../../../bench/aws-stack/flags.ts';

describe('withFlags', () => {
  it('changes and drops whole flags, and leaves the others as they are', () => {
    const words = ['--db_name=a', '--db_name_more=b', '--db_tls_ca=c', '--origin=d'];
    expect(withFlags(words, { db_name: 'e' }, ['db_tls_ca'])).toEqual([
      '--db_name_more=b',
      '--origin=d',
      '--db_name=e',
    ]);
  });
});
