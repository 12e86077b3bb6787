import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  addAuthorisation,
  assertAuthorised,
  authorisationMessage,
  authorise,
  formatAuthorisation,
  parseAuthorisation,
} from '../../../ceremony/ca/authorisation.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { CaBench, genesisIntent } from '../../support/ca-bench.ts';
import { seededSigner } from '../../support/root-of-trust.ts';

async function planned() {
  const bench = await CaBench.begin();
  const event = await bench.plan('genesis', genesisIntent());
  const { holders } = await bench.room();
  return { bench, event, holders };
}

describe('assertAuthorised', () => {
  it('accepts what everybody in the plan signed', async () => {
    const { bench, event, holders } = await planned();
    await using _ = bench;
    await bench.authorise('genesis', 'alice', 'bob');
    await expect(assertAuthorised(event, holders)).resolves.toBeUndefined();
  });

  it('refuses one of two, and the same one twice', async () => {
    const { bench, event, holders } = await planned();
    await using _ = bench;
    await bench.authorise('genesis', 'alice', 'alice');
    await expect(assertAuthorised(event, holders)).rejects.toThrowToolkit('CER_CA_NOT_AUTHORISED', {
      have: ['alice'],
      missing: ['bob'],
    });
  });

  it('refuses a file that somebody put there', async () => {
    const { bench, event, holders } = await planned();
    await using _ = bench;
    await bench.authorise('genesis', 'alice', 'bob');
    const { repository } = event.plan;
    const forged = { repository: repository.id, event: 'genesis', planSha256: event.planSha256, holder: 'bob' };
    const text = formatAuthorisation({ ...forged, sig: '3006020101020101' });
    await writeFile(join(event.layout.authorisations, 'bob.json'), text);
    await expect(assertAuthorised(event, holders)).rejects.toThrowToolkit('CER_CA_AUTHORISATION_FALSE', {
      holder: 'bob',
    });
  });
});

describe('authorise', () => {
  it('refuses a key that the plan does not ask for, enrolled or not', async () => {
    const { bench, event, holders } = await planned();
    await using _ = bench;
    for (const name of ['carol', 'stranger']) {
      await expect(authorise(event, seededSigner(name), holders)).rejects.toThrowToolkit('CER_CA_NOT_ASKED');
    }
  });
});

describe('addAuthorisation', () => {
  it('refuses one for another plan, or another repository', async () => {
    const { bench, event, holders } = await planned();
    await using _ = bench;
    const good = await authorise(event, seededSigner('alice'), holders);
    for (const change of [{ planSha256: '0'.repeat(64) }, { repository: '0'.repeat(32) }, { event: 'other' }]) {
      await expect(addAuthorisation(event, { ...good, ...change }, holders)).rejects.toThrowToolkit(
        'CER_CA_AUTHORISATION_OTHER',
      );
    }
  });

  it('refuses the signature of one holder in the name of another', async () => {
    const { bench, event, holders } = await planned();
    await using _ = bench;
    const alice = await authorise(event, seededSigner('alice'), holders);
    await expect(addAuthorisation(event, { ...alice, holder: 'bob' }, holders)).rejects.toThrowToolkit(
      'CER_CA_AUTHORISATION_FALSE',
    );
    await expect(addAuthorisation(event, { ...alice, holder: 'carol' }, holders)).rejects.toThrowToolkit(
      'CER_CA_NOT_ASKED',
    );
  });
});

describe('parseAuthorisation', () => {
  it('refuses what is not one', () => {
    const bytes = utf8('{"format":"sigstead-ca-authorisation/v1","holder":"bob"}');
    expect(() => parseAuthorisation(bytes, 'bob.json')).toThrowToolkit('CER_CA_AUTHORISATION');
  });
});

describe('authorisationMessage', () => {
  it('is a text of its own kind, with one reading', () => {
    const message = authorisationMessage({ repository: 'r', planSha256: 'p', holder: 'h 1' });
    expect(Buffer.from(message).toString()).toBe('sigstead-ca-authorisation/v1 3 1 r 1 p 3 h 1');
  });
});
