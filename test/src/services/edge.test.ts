import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  ctEdge,
  fulcioEdge,
  loopbackEdgeLimits,
  type ReadRoute,
  rekorEdge,
  type ServiceEdge,
  timestampEdge,
  tufEdge,
} from '../../../src/services/edge.ts';
import type { ReadEntry } from '../../../src/services/edge-paths.ts';
import { dataTilePath, entryBundlePath, issuerPath, tilePath } from '../../../src/tlog/tiles.ts';
import { metadataPath, roleNames, targetPath } from '../../../src/tuf/layout.ts';

const limits = loopbackEdgeLimits;
const edges = [fulcioEdge, rekorEdge, ctEdge, timestampEdge, tufEdge].map((edge) => edge(limits));

const immutable = /immutable/;

describe('rekorEdge', () => {
  it('accepts every path that a log of this format writes, with and without /api/v2', () => {
    fc.assert(
      fc.property(indexes, widths, fc.nat(63), (index, width, level) => {
        for (const path of [tilePath(level, index, width), entryBundlePath(index, width), 'checkpoint']) {
          expect(find(rekorEdge(limits), `/api/v2/${path}`)).toBeDefined();
          expect(find(rekorEdge(limits), `/${path}`)).toBeDefined();
        }
      }),
    );
  });

  it('accepts tiles for a long time and checkpoints for no time in caches', () => {
    expect(find(rekorEdge(limits), '/api/v2/tile/0/000')?.cacheControl).toMatch(immutable);
    expect(find(rekorEdge(limits), '/api/v2/tile/entries/x001/000.p/255')?.cacheControl).toMatch(immutable);
    expect(find(rekorEdge(limits), '/api/v2/checkpoint')?.cacheControl).toBe('no-cache');
  });

  it.each([
    '/api/v2/',
    '/api/v2//checkpoint',
    '/api/v2/checkpoint/',
    '/api/v2/checkpoint?x',
    '/api/v2/.state/treeState',
    '/api/v2/log/entries/1',
    '/api/v2/tile/0/000.p/0',
    '/api/v2/tile/0/000.p/256',
    '/api/v2/tile/0/000.p/01',
    '/api/v2/tile/0/000.p/',
    '/api/v2/tile/0/000.p',
    '/api/v2/tile/00/000',
    '/api/v2/tile/64/000',
    '/api/v2/tile/-1/000',
    '/api/v2/tile/0/00',
    '/api/v2/tile/0/0000',
    '/api/v2/tile/0/x000/001',
    '/api/v2/tile/0/001/002',
    '/api/v2/tile/0/x001/x002',
    '/api/v2/tile/0/X001/002',
    '/api/v2/tile/0/x001//002',
    '/api/v2/tile/0/x001/x001/x001/x001/x001/x001/001',
    '/api/v2/tile/0/٠٠١',
    '/api/v2/tile/0/000\n',
    '/api/v2/tile/data/000',
    '/api/v2/tile/entries/000/',
    '/api/v2/issuer/00',
    '/api/v1/log/entries',
    '/debug/pprof/',
    '/metrics',
    '/healthz',
    'http://127.0.0.1/checkpoint',
  ])('refuses %j', (target) => {
    expect(find(rekorEdge(limits), target)).toBeUndefined();
  });
});

describe('ctEdge', () => {
  it('accepts every path that a log of this format writes', () => {
    fc.assert(
      fc.property(
        indexes,
        widths,
        fc.nat(5),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (...[n, w, l, issuer]) => {
          for (const path of [tilePath(l, n, w), dataTilePath(n, w), issuerPath(issuer), 'checkpoint']) {
            expect(find(ctEdge(limits), `/${path}`)).toBeDefined();
          }
        },
      ),
    );
  });

  it.each([
    '/ct/v1/add-chain',
    '/ct/v1/add-pre-chain',
    '/ct/v1/get-roots',
    '/tile/6/000',
    '/tile/entries/000',
    `/issuer/${'0'.repeat(63)}`,
    `/issuer/${'0'.repeat(65)}`,
    `/issuer/${'A'.repeat(64)}`,
    '/issuer/',
    '/roots/a.pem',
    '/.state/antispam/KEYREGISTRY',
    '/debug/vars',
  ])('refuses %j', (target) => {
    expect(find(ctEdge(limits), target)).toBeUndefined();
  });

  it('refuses submissions: nothing is passed on to the server', () => {
    expect(ctEdge(limits).routes.map(({ kind }) => kind)).toEqual(['read']);
  });
});

describe('tufEdge', () => {
  const hash = 'ab'.repeat(32);

  it('accepts every path of a published repository', () => {
    for (const role of [...roleNames, 'packages', 'registry.example'])
      expect(find(tufEdge(limits), `/${metadataPath(role, 12)}`)).toBeDefined();
    for (const name of ['trusted_root.json', 'a/b/signing_config.v0.2.json']) {
      expect(find(tufEdge(limits), `/${targetPath(name, hash)}`)).toBeDefined();
    }
  });

  it('accepts versioned files for a long time and the timestamp for no time in caches', () => {
    expect(find(tufEdge(limits), '/1.root.json')?.cacheControl).toMatch(immutable);
    expect(find(tufEdge(limits), `/targets/${hash}.trusted_root.json`)?.cacheControl).toMatch(immutable);
    expect(find(tufEdge(limits), '/timestamp.json')?.cacheControl).toBe('no-cache');
  });

  it.each([
    '/root.json',
    '/0.root.json',
    '/01.root.json',
    '/1.root.json.tmp',
    '/1.timestamp.json',
    '/.1.root.json.4711-1.tmp',
    '/targets/trusted_root.json',
    `/targets/${hash}.`,
    `/targets/${hash}..hidden`,
    `/targets/../${hash}.x`,
    `/targets/.git/${hash}.x`,
    `/targets/${hash.toUpperCase()}.x`,
    '/targets/',
  ])('refuses %j', (target) => {
    expect(find(tufEdge(limits), target)).toBeUndefined();
  });
});

describe('fulcioEdge', () => {
  it('accepts what clients of today ask for, and not the legacy API', () => {
    expect(forwarded(fulcioEdge(limits))).toEqual([
      'POST /api/v2/signingCert',
      'GET /api/v2/trustBundle',
      'GET /api/v2/configuration',
    ]);
  });

  it('accepts an ID token in the header at one path only', () => {
    const routes = edges.flatMap(({ routes }) => routes).filter((route) => route.kind === 'forward');
    const withToken = routes.filter(({ requestHeaders }) => requestHeaders.includes('authorization'));
    expect(withToken.map(({ name }) => name)).toEqual(['certificate']);
  });
});

describe('timestampEdge', () => {
  it('accepts timestamps and the chain', () => {
    expect(forwarded(timestampEdge(limits))).toEqual(['POST /api/v1/timestamp', 'GET /api/v1/timestamp/certchain']);
  });
});

describe('every edge', () => {
  it.each(edges.map((edge) => [edge.service, edge] as const))('%s names each path and each route once', (_, edge) => {
    const paths = edge.routes.flatMap((route) => (route.kind === 'forward' ? [route.path] : []));
    expect(new Set(paths).size).toBe(paths.length);
    expect(new Set(edge.routes.map(({ name }) => name)).size).toBe(edge.routes.length);
  });

  it.each(edges.map((edge) => [edge.service, edge] as const))('%s refuses what could climb or hide', (_, edge) => {
    const bad = fc.constantFrom('..', '.', '%2e', '%2f', '\\', '\0', ' ', '//', '.state', '%00', '~', ';');
    const text = fc.string({ maxLength: 20 });
    fc.assert(
      fc.property(text, bad, text, (before, part, after) => {
        for (const base of ['/', '/api/v2/', '/tile/0/', '/targets/', '/tile/entries/']) {
          const target = `${base}${before}/${part}/${after}`;
          expect(find(edge, target)).toBeUndefined();
        }
      }),
    );
  });
});

/** Sizes around which the spelling of an index changes. */
const indexes = fc.oneof(fc.nat(1_100), fc.constantFrom(999, 1_000, 999_999, 1_000_000, 2 ** 50), fc.maxSafeNat());
const widths = fc.oneof(
  fc.constantFrom(1, 9, 10, 99, 100, 199, 200, 249, 250, 255, 256),
  fc.integer({ min: 1, max: 256 }),
);

function find(edge: ServiceEdge, target: string): ReadEntry | undefined {
  const routes = edge.routes.filter((route): route is ReadRoute => route.kind === 'read');
  return routes
    .flatMap(({ prefixes, entries }) =>
      prefixes
        .filter((prefix) => target.startsWith(prefix))
        .map((prefix) => entries.find(({ pattern }) => pattern.test(target.slice(prefix.length)))),
    )
    .find((entry) => entry !== undefined);
}

function forwarded(edge: ServiceEdge): readonly string[] {
  return edge.routes.flatMap((route) => (route.kind === 'forward' ? [`${route.method} ${route.path}`] : []));
}
