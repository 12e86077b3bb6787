import { describe, expect, it } from '@jest/globals';
import { caEventKinds, caIntentJsonSchema, parseCaIntent } from '../../../src/config/ca-intent.ts';
import { crossIntent, genesisIntent, issueIntent, retireIntent } from '../../support/ca-bench.ts';

const parse = (text: string) => parseCaIntent(text, 'ca-intent.yaml');

describe('parseCaIntent', () => {
  it('accepts each kind; a genesis has P-384 by default', () => {
    const kinds = [genesisIntent(), issueIntent(), crossIntent('fulcio-root', 'standby'), retireIntent('fulcio-root')];
    expect(kinds.map((text) => parse(text).kind)).toEqual(caEventKinds);
    expect(parse(genesisIntent())).toMatchObject({ algorithm: 'ecdsa-p384-sha384', text: genesisIntent() });
  });

  it.each([
    ['one who authorises', 'authorisedBy: [alice, bob]', 'authorisedBy: [alice]'],
    ['one who authorises twice', 'authorisedBy: [alice, bob]', 'authorisedBy: [alice, alice]'],
    ['nobody who authorises', 'authorisedBy: [alice, bob]\n', ''],
    ['a threshold of one', 'threshold: 3', 'threshold: 1'],
    ['a threshold with no share to spare', 'threshold: 3', 'threshold: 5'],
    ['a holder of two shares', 'carol, dave', 'carol, carol'],
    ['a policy without a version', '/cps/v1.2.html', '/cps/latest.html'],
    ['a policy without a section', '#root-keys', ''],
    ['a policy over http', 'https://acme', 'http://acme'],
    ['a number of years that is none', 'years: 20', 'years: 0'],
    ['another custody', 'custody: shares', 'custody: paper'],
    ['another use', 'ca: fulcio-root', 'ca: tls-root'],
    ['an unknown field', 'years: 20', 'years: 20\nextra: 1'],
    ['a name that leads elsewhere', 'name: fulcio-root', 'name: ../up'],
  ])('refuses %s', (_name, part, replacement) => {
    expect(genesisIntent()).toContain(part);
    expect(() => parse(genesisIntent().replace(part, replacement))).toThrowToolkit('CFG_CA_INTENT_INVALID', {
      count: 1,
    });
  });

  it.each(['/etc/passwd', '../server.pem', 'inbox/../../server.pem', './server.pem', 'inbox/ser ver.pem'])(
    'refuses the file %s',
    (file) => {
      const text = issueIntent().replace('inbox/server.pem', file);
      expect(() => parse(text)).toThrowToolkit('CFG_CA_INTENT_INVALID', { count: 1 });
    },
  );
});

describe('caIntentJsonSchema', () => {
  it('describes every field for an editor', () => {
    const missing = [...JSON.stringify(caIntentJsonSchema()).matchAll(/"(\w+)":\{"type":"\w+"[^{}]*\}/g)].filter(
      ([field, name]) => !field.includes('"description"') && name !== 'items',
    );
    expect(missing.map(([, name]) => name)).toEqual([]);
  });
});
