import { ToolkitError } from '../core/error.ts';
import { type Fetch, request } from '../core/http.ts';

/**
 * Reads one file of a published repository by its path, or returns `undefined` where there is none.
 * A file above `maxBytes` is an error (`CORE_TOO_LARGE`), never cut short.
 */
export type ReadFile = (path: string, maxBytes: number) => Promise<Uint8Array | undefined>;

/**
 * Reads a repository that is served at a URL, as clients do. Only 404 says that a file is not there.
 * @throws TUF_HTTP_STATUS, CORE_HTTP_UNREACHABLE (when a file is read)
 */
export function httpReader(baseUrl: string, options: { readonly fetch?: Fetch } = {}): ReadFile {
  const base = baseUrl.replace(/\/+$/, '');
  return async (path, maxBytes) => {
    const url = `${base}/${path.split('/').map(encodeURIComponent).join('/')}`;
    const answer = await request(url, { maxBytes, ...options });
    if (answer.status === 200) return answer.body;
    if (answer.status === 404) return undefined;
    throw new ToolkitError('TUF_HTTP_STATUS', {
      message: `${url}: expected status 200, or 404 for a file that is not there, got ${answer.status}`,
      fault: 'environment',
      data: { url, status: answer.status },
      hint:
        answer.status === 403
          ? 'a bucket answers 403 unless readers may list it; Go clients stop there'
          : 'check the URL; if it is right, the log of its server says more',
    });
  };
}
