import type { ForwardRoute, ReadRoute, ServiceEdge } from '../../src/services/edge.ts';

/**
 * Carries the address of the viewer to the firewall, of IPv6 the first 64 bits. The edge sets it, over whatever the
 * viewer sent under this name.
 */
export const viewerAddressHeader = 'x-sigstead-viewer';

/** CloudFront takes functions up to 10 KB. */
export const maxEdgeCodeBytes = 10_240;

/**
 * Returns the code of the CloudFront Function (runtime 2.0, viewer request) of a service: it admits what
 * `src/services/edge.ts` admits, and names the file behind a read path. Everything else is answered here.
 *
 * Nothing of a request is decoded or normalised before it is compared: two spellings of one name would be two cache
 * entries, and `..` would be a way past the patterns.
 */
export function edgeFunctionCode(edge: ServiceEdge): string {
  const reads = edge.routes.filter((route) => route.kind === 'read');
  const forwards = edge.routes.filter((route) => route.kind === 'forward');
  return `${readsSource(reads)}
${forwardsSource(forwards)}
${runtimeSource}`;
}

/** As source text: `[{ prefixes: ["/"], patterns: [/^checkpoint$/] }]`. */
export function readsSource(reads: readonly ReadRoute[]): string {
  const routes = reads.map(({ prefixes, entries }) => {
    const patterns = entries.map(({ pattern }) => String(pattern)).join(', ');
    return `{ prefixes: ${JSON.stringify(prefixes)}, patterns: [${patterns}] }`;
  });
  return `const reads = [${routes.join(', ')}];`;
}

function forwardsSource(forwards: readonly ForwardRoute[]): string {
  const routes = forwards.map(({ method, path, maxBodyBytes, contentTypes, requestHeaders }) => ({
    method,
    path,
    maxBodyBytes,
    contentTypes,
    requestHeaders,
  }));
  return `const forwards = ${JSON.stringify(routes)};`;
}

/** Of a request target, the key of the object in the bucket; `undefined` if there is no such name. Shared by both edges. */
export const fileNameSource = `
function fileName(path) {
  for (const route of reads) {
    for (const prefix of route.prefixes) {
      const name = path.startsWith(prefix) ? path.slice(prefix.length) : '';
      if (route.patterns.some((pattern) => pattern.test(name))) return name;
    }
  }
  return undefined;
}`;

// Headers that a function may read and not remove.
const runtimeSource = `const fixed = ['host', 'content-length', 'transfer-encoding', 'via', 'accept-encoding'];
${fileNameSource}

function refuse(statusCode, statusDescription, more) {
  const headers = { 'cache-control': { value: 'no-store' }, ...more };
  return { statusCode, statusDescription, headers };
}

function handler(event) {
  const request = event.request;
  if (Object.keys(request.querystring).length > 0) return refuse(404, 'Not Found');
  const forward = forwards.filter((route) => route.path === request.uri);
  if (forward.length > 0) return pass(request, event.viewer.ip, forward);
  const name = fileName(request.uri);
  if (name === undefined) return refuse(404, 'Not Found');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return refuse(405, 'Method Not Allowed', { allow: { value: 'GET, HEAD' } });
  }
  // S3 reads a plus as a space.
  request.uri = '/' + name.replace(/\\+/g, '%2B');
  request.cookies = {};
  return request;
}

// Somebody has a /64 of IPv6 at least, and would have 2^64 limits in it.
function client(address) {
  if (!address.includes(':')) return address;
  const [head, tail] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const zeros = tail === undefined ? [] : Array(8 - head.length - tail.length).fill('0');
  return head.concat(zeros, tail || []).slice(0, 4).map((group) => parseInt(group, 16).toString(16)).join(':') + '::';
}

function pass(request, address, routes) {
  const route = routes.find((one) => one.method === request.method);
  if (route === undefined) {
    return refuse(405, 'Method Not Allowed', { allow: { value: routes.map((one) => one.method).join(', ') } });
  }
  const length = request.headers['content-length'];
  if (length !== undefined && !(/^[0-9]{1,15}$/.test(length.value) && Number(length.value) <= route.maxBodyBytes)) {
    return refuse(413, 'Content Too Large');
  }
  if (route.contentTypes.length > 0) {
    const type = request.headers['content-type'];
    const media = type === undefined ? '' : type.value.split(';')[0].trim().toLowerCase();
    if (!route.contentTypes.includes(media)) return refuse(415, 'Unsupported Media Type');
  }
  for (const name of Object.keys(request.headers)) {
    if (!route.requestHeaders.includes(name) && !fixed.includes(name)) delete request.headers[name];
  }
  request.headers['${viewerAddressHeader}'] = { value: client(address) };
  request.cookies = {};
  return request;
}
`;
