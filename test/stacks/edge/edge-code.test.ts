import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { edgeFunctionCode, maxEdgeCodeBytes } from '../../../lib/constructs/edge-code.ts';
import {
  ctEdge,
  fulcioEdge,
  publicEdgeLimits,
  rekorEdge,
  type ServiceEdge,
  timestampEdge,
  tufEdge,
} from '../../../src/services/edge.ts';

interface EdgeRequest {
  readonly method: string;
  readonly uri: string;
  readonly querystring: Record<string, { value: string }>;
  readonly headers: Record<string, { value: string }>;
  readonly cookies: Record<string, { value: string }>;
}
type EdgeAnswer = EdgeRequest | { readonly statusCode: number; readonly headers: EdgeRequest['headers'] };

const hash = 'a'.repeat(64);
const edges = {
  rekor: rekorEdge(publicEdgeLimits),
  ct: ctEdge(publicEdgeLimits),
  tuf: tufEdge(publicEdgeLimits),
  fulcio: fulcioEdge(publicEdgeLimits),
  tsa: timestampEdge(publicEdgeLimits),
};

/** Runs the code as CloudFront does: a script of its own, whose `handler` gets the event. */
function run(edge: ServiceEdge, request: Partial<EdgeRequest>, ip = '198.51.100.7'): EdgeAnswer {
  const event = {
    version: '1.0',
    viewer: { ip },
    request: { method: 'GET', uri: '/', querystring: {}, headers: {}, cookies: {}, ...request },
  };
  const context = createContext({});
  runInContext(edgeFunctionCode(edge), context, { timeout: 1_000 });
  return JSON.parse(
    runInContext(`JSON.stringify(handler(${JSON.stringify(event)}))`, context, { timeout: 1_000 }),
  ) as EdgeAnswer;
}

/** The status that the edge answers with, or the name that it asks the origin for. */
function outcome(edge: ServiceEdge, request: Partial<EdgeRequest>): number | string {
  const answer = run(edge, request);
  return 'statusCode' in answer ? answer.statusCode : answer.uri;
}

const json = { 'content-type': { value: 'application/json' }, 'content-length': { value: '100' } };
const submission = '/api/v2/log/entries';

describe('edgeFunctionCode', () => {
  it.each(Object.entries(edges))('is short enough for CloudFront: %s', (_name, edge) => {
    expect(Buffer.byteLength(edgeFunctionCode(edge))).toBeLessThan(maxEdgeCodeBytes);
  });

  it.each([
    ['rekor', '/checkpoint', '/checkpoint'],
    ['rekor', '/api/v2/checkpoint', '/checkpoint'],
    ['rekor', '/api/v2/tile/0/000', '/tile/0/000'],
    ['rekor', '/tile/entries/x001/234.p/7', '/tile/entries/x001/234.p/7'],
    ['ct', '/tile/data/000.p/255', '/tile/data/000.p/255'],
    ['ct', `/issuer/${hash}`, `/issuer/${hash}`],
    ['tuf', '/timestamp.json', '/timestamp.json'],
    ['tuf', '/2.root.json', '/2.root.json'],
    ['tuf', `/targets/${hash}.trusted_root.json`, `/targets/${hash}.trusted_root.json`],
    ['tuf', `/targets/${hash}.a+b`, `/targets/${hash}.a%2Bb`],
  ] as const)('accepts GET and HEAD of %s%s', (service, uri, name) => {
    expect(outcome(edges[service], { uri })).toBe(name);
    expect(outcome(edges[service], { uri, method: 'HEAD' })).toBe(name);
    expect(outcome(edges[service], { uri, method: 'POST', headers: json })).toBe(405);
    expect(outcome(edges[service], { uri, method: 'DELETE' })).toBe(405);
    expect(outcome(edges[service], { uri, querystring: { a: { value: '1' } } })).toBe(404);
  });

  it.each([
    ['rekor', '/'],
    ['rekor', '/api/v2/'],
    ['rekor', '/api/v2/api/v2/checkpoint'],
    ['rekor', '//checkpoint'],
    ['rekor', '/checkpoint/'],
    ['rekor', '/check%70oint'],
    ['rekor', '/tile/0/000.p/256'],
    ['rekor', '/tile/0/x000/001'],
    ['rekor', '/tile/../checkpoint'],
    ['rekor', '/api/v1/log/entries'],
    ['rekor', '/inception/rekor-log2026-1.json'],
    ['rekor', '/constructor'],
    ['ct', '/api/v2/checkpoint'],
    ['ct', '/ct/v1/add-pre-chain'],
    ['ct', '/add-pre-chain'],
    ['ct', '/roots/anything'],
    ['ct', `/issuer/${hash}a`],
    ['tuf', '/root.json'],
    ['tuf', '/1.timestamp.json'],
    ['tuf', '/0.root.json'],
    ['tuf', '/targets/trusted_root.json'],
    ['tuf', `/targets/../${hash}.a`],
    ['fulcio', '/healthz'],
    ['fulcio', '/api/v1/signingCert'],
    ['fulcio', '/checkpoint'],
    ['tsa', '/ping'],
    ['tsa', '/api/v2/log/entries'],
  ] as const)('refuses %s%s', (service, uri) => {
    for (const method of ['GET', 'HEAD', 'POST']) {
      const answer = run(edges[service], { uri, method, headers: json });
      expect(answer).toMatchObject({ statusCode: 404, headers: { 'cache-control': { value: 'no-store' } } });
    }
  });

  it.each([
    ['rekor', submission, 'application/json'],
    ['rekor', submission, 'Application/JSON; charset=utf-8'],
    ['fulcio', '/api/v2/signingCert', 'application/json'],
    ['tsa', '/api/v1/timestamp', 'application/timestamp-query'],
  ] as const)('accepts a submission to %s%s of %s', (service, uri, type) => {
    const headers = { 'content-type': { value: type }, 'content-length': { value: '4096' } };
    expect(outcome(edges[service], { uri, method: 'POST', headers })).toBe(uri);
    expect(outcome(edges[service], { uri, headers })).toBe(405);
    expect(outcome(edges[service], { uri: `${uri}/`, method: 'POST', headers })).toBe(404);
  });

  it.each([
    ['65536', submission],
    ['65537', 413],
    ['-1', 413],
    ['1e3', 413],
    ['0x10', 413],
    ['', 413],
  ])('takes a content length of %p for %p', (value, expected) => {
    const headers = { ...json, 'content-length': { value } };
    expect(outcome(edges.rekor, { uri: submission, method: 'POST', headers })).toBe(expected);
  });

  it.each(['text/plain', 'application/json2', '', 'multipart/form-data; application/json'])(
    'refuses the content type %p, which a web page may post unasked',
    (value) => {
      const headers = { ...json, 'content-type': { value } };
      expect(outcome(edges.rekor, { uri: submission, method: 'POST', headers })).toBe(415);
    },
  );

  it('refuses a submission without content type', () => {
    expect(outcome(edges.rekor, { uri: submission, method: 'POST' })).toBe(415);
  });

  it.each([
    ['198.51.100.7', '198.51.100.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
    ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::'],
    ['2001:db8::1', '2001:db8:0:0::'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2::'],
    ['::1', '0:0:0:0::'],
  ])('counts %s as %s: one limit for a network of one customer', (address, counted) => {
    const passed = run(edges.rekor, { uri: submission, method: 'POST', headers: json }, address);
    expect(passed.headers['x-sigstead-viewer']).toEqual({ value: counted });
  });

  it('passes on the headers that a server needs, and says itself who the viewer is', () => {
    const sent = {
      ...json,
      host: { value: 'fulcio.sigstore.acme.example' },
      authorization: { value: 'Bearer token' },
      'x-forwarded-for': { value: '203.0.113.1' },
      'x-sigstead-viewer': { value: '203.0.113.1' },
      'x-amzn-trace-id': { value: 'a' },
    };
    const toFulcio = run(edges.fulcio, {
      uri: '/api/v2/signingCert',
      method: 'POST',
      headers: sent,
      cookies: { a: { value: 'b' } },
    });
    expect(toFulcio).toMatchObject({ cookies: {} });
    expect(toFulcio.headers).toEqual({
      ...json,
      host: sent.host,
      authorization: sent.authorization,
      'x-sigstead-viewer': { value: '198.51.100.7' },
    });
    // No other server is shown a token.
    const toRekor = run(edges.rekor, { uri: submission, method: 'POST', headers: sent });
    expect(Object.keys(toRekor.headers)).not.toContain('authorization');
  });
});
