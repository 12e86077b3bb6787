import { describe, expect, it } from '@jest/globals';
import { utf8 } from '../../../src/core/bytes.ts';
import { httpReader } from '../../../src/tuf/reader.ts';
import { serveFiles } from '../../support/file-server.ts';

describe('httpReader', () => {
  it('accepts a file, and 404 for none, below a URL with or without a slash', async () => {
    await using server = await serveFiles(new Map([['tuf/a.json', utf8('{}')]]));
    for (const base of [`${server.url}/tuf`, `${server.url}/tuf/`]) {
      expect(await httpReader(base)('a.json', 100)).toEqual(utf8('{}'));
      expect(await httpReader(base)('b.json', 100)).toBeUndefined();
    }
    await expect(httpReader(server.url)('tuf/a.json', 1)).rejects.toThrowToolkit('CORE_TOO_LARGE');
  });

  it('refuses every other status, and explains 403', async () => {
    const answer = (status: number) =>
      httpReader('http://x.invalid', { fetch: async () => new Response('', { status }) });
    await expect(answer(500)('a', 1)).rejects.toThrowToolkit('TUF_HTTP_STATUS', { status: 500 });
    await expect(answer(301)('a', 1)).rejects.toThrowToolkit('TUF_HTTP_STATUS', { status: 301 });
    await expect(answer(403)('a', 1)).rejects.toMatchObject({ hint: expect.stringContaining('bucket') });
  });
});
