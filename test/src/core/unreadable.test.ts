import { describe, expect, it } from '@jest/globals';
import { unreadable } from '../../../src/core/unreadable.ts';

describe('unreadable', () => {
  it.each([
    ['ENOENT', 'CORE_FILE_MISSING', 'check each part of the path'],
    ['ENOTDIR', 'CORE_FILE_MISSING', 'check each part of the path'],
    ['EACCES', 'CORE_FILE_READ', 'ls -ld /srv/root.json'],
    ['ERR_ACCESS_DENIED', 'CORE_FILE_READ', '--allow-fs-read=/srv/root.json'],
  ])('says of %s what to do', (errno, code, hint) => {
    const error = unreadable('/srv/root.json', Object.assign(new Error('no'), { code: errno }));
    expect(error).toMatchObject({ code, hint: expect.stringContaining(hint) });
  });
});
