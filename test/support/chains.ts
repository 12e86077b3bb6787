import { type CertificateChain, chainOf } from '../../src/x509/chain.ts';
import { oid } from '../../src/x509/oids.ts';
import { type Made, make, type Recipe } from './certificates.ts';

/** Changes to a good chain, by certificate. */
export interface ChainRecipe {
  readonly root?: Recipe;
  readonly intermediate?: Recipe;
  readonly leaf?: Recipe;
}

const roots = new Map<string, Made>();

/** Returns the one root of this name where nothing about it is changed. */
function rootOf(commonName: string, recipe: Recipe | undefined, pathLength = 0): Made {
  if (recipe) return make({ commonName, pathLength, ...recipe });
  const made = roots.get(commonName) ?? make({ commonName, pathLength });
  roots.set(commonName, made);
  return made;
}

/** Fulcio's chain: intermediate, root. */
export function fulcioChain({ root, intermediate }: ChainRecipe = {}): CertificateChain {
  const anchor = rootOf('fulcio root', root, 1);
  const issuing = make({
    commonName: 'fulcio intermediate',
    issuer: anchor,
    purposes: [oid.codeSigning],
    notAfter: new Date('2031-01-01T00:00:00Z'),
    ...intermediate,
  });
  return chainOf(issuing.der, anchor.der);
}

/** A timestamp authority's chain: leaf, root. */
export function tsaChain({ root, leaf }: ChainRecipe = {}): CertificateChain {
  const anchor = rootOf('tsa root', root);
  return chainOf(make(leafRecipe({ issuer: anchor, ...leaf })).der, anchor.der);
}

/** A timestamp authority's chain with an intermediate: leaf, intermediate, root. */
export function longTsaChain({ root, intermediate, leaf }: ChainRecipe = {}): CertificateChain {
  const anchor = make({ commonName: 'tsa root', pathLength: 1, ...root });
  const middle = make({
    commonName: 'tsa intermediate',
    issuer: anchor,
    purposes: [oid.timeStamping],
    ...intermediate,
  });
  return chainOf(make(leafRecipe({ issuer: middle, ...leaf })).der, middle.der, anchor.der);
}

function leafRecipe(changes: Recipe): Recipe {
  return {
    commonName: 'tsa leaf',
    pathLength: 'leaf',
    purposes: [oid.timeStamping],
    notAfter: new Date('2031-01-01T00:00:00Z'),
    ...changes,
  };
}
