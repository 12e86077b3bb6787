import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { openCaEvent } from '../../../ceremony/ca/event.ts';
import { type PlanCaOptions, planCaEvent } from '../../../ceremony/ca/plan.ts';
import { formatCaPlan, parseCaPlan } from '../../../ceremony/ca/plan-document.ts';
import { planNewCaEvent } from '../../../ceremony/ca/plan-event.ts';
import { caRules } from '../../../ceremony/ca/rules.ts';
import { newIdentity } from '../../../ceremony/root-signing/identity.ts';
import { parseCaIntent } from '../../../src/config/ca-intent.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { addMs, dayMs } from '../../../src/core/clock.ts';
import { randomSerial } from '../../../src/x509/to-be-signed.ts';
import { CaBench, crossIntent, genesisIntent, issueIntent, retireIntent, rootSigner } from '../../support/ca-bench.ts';
import { holderIds, now } from '../../support/root-of-trust.ts';
import { memorySigner } from '../../support/signers.ts';

const serial = randomSerial();
const options: PlanCaOptions = {
  identity: newIdentity('test'),
  intent: parseCaIntent(genesisIntent(), 'ca-intent.yaml'),
  event: 'genesis',
  authorities: new Map(),
  enrolled: new Set(holderIds),
  publicKey: undefined,
  other: undefined,
  throwAwayKey: rootSigner('one').publicKey,
  serial,
  number: 1,
  planDays: 21,
  now: new Date('2026-11-22T10:00:00.900Z'),
  rehearsal: false,
};

describe('planCaEvent', () => {
  it('plans the same bytes from the same input, whatever the throw-away key', () => {
    const one = planCaEvent(options);
    const two = planCaEvent({ ...options, throwAwayKey: rootSigner('two').publicKey });
    expect(two).toEqual(one);
    expect(one.plan.certificate).toMatchObject({
      profile: 'fulcio-offline-root',
      notBefore: now,
      notAfter: addMs(now, 20 * 365 * dayMs),
      algorithm: 'ecdsa-p384-sha384',
      path: 'root.pem',
    });
    const other = planCaEvent({ ...options, serial: randomSerial() });
    expect(other.plan.certificate?.tbsSha256).not.toBe(one.plan.certificate?.tbsSha256);
  });

  it('refuses to be called without the key to certify', async () => {
    await using bench = await CaBench.withRoot();
    const { authorities } = await bench.room();
    const intent = parseCaIntent(issueIntent(), 'ca-intent.yaml');
    expect(() => planCaEvent({ ...options, authorities, intent })).toThrowToolkit('CER_CA_INPUT', { event: 'genesis' });
  });
});

describe('parseCaPlan', () => {
  const text = formatCaPlan(planCaEvent(options).plan);

  it('reads what was written', () => {
    expect(formatCaPlan(parseCaPlan(utf8(text), 'plan.json'))).toBe(text);
  });

  it.each([
    ['another order', (plan: string) => plan.replace(/( {2}"reason".*\n)( {2}"ca".*\n)/, '$2$1')],
    ['an unknown field', (plan: string) => plan.replace('"reason"', '"extra": 1,\n  "reason"')],
    ['a place outside of its authority', (plan: string) => plan.replace('"root.pem"', '"../root.pem"')],
    ['a serial number of another form', (plan: string) => plan.replace(/"serial": "../, '"serial": "ff')],
    ['converted line ends', (plan: string) => plan.replaceAll('\n', '\r\n')],
    ['no format', (plan: string) => plan.replace('-ca-plan', '-plan')],
  ])('refuses %s', (_name, change) => {
    const changed = change(text);
    expect(changed).not.toBe(text);
    expect(() => parseCaPlan(utf8(changed), 'plan.json')).toThrowToolkit('CER_CA_PLAN_FILE');
  });

  it('refuses a key that is none', async () => {
    await using bench = await CaBench.withRoot();
    await bench.serverKey(memorySigner('ecdsa-p384-sha384'));
    const { layout } = await bench.plan('issue', issueIntent());
    const plan = (await readFile(layout.plan, 'utf8')).replace('MHYw', 'MHYx');
    expect(() => parseCaPlan(utf8(plan), 'plan.json')).toThrowToolkit('CER_CA_PLAN_FILE');
  });
});

describe('planNewCaEvent', () => {
  it('refuses, by each rule, what the rule is about', async () => {
    await using bench = await CaBench.begin();
    await bench.genesis({ change: (text) => text.replace('[alice, bob]', '[alice, bob, carol]') });
    await bench.genesis({ ca: 'tsa-root' });
    await bench.serverKey(rootSigner('tsa-root'));
    const three = (text: string) => text.replace('[alice, bob]', '[alice, bob, carol]');
    const refused = {
      'ca-name-free': genesisIntent(),
      'ca-subject-new': genesisIntent({ name: 'new', change: (text) => text.replace('Acme new', 'Acme tsa-root') }),
      'ca-known': three(issueIntent('fulcio-intermediate', 'other')),
      'ca-authorisers-enrolled': genesisIntent({ name: 'new', change: (text) => text.replace('[alice', '[zoe') }),
      'ca-authorisers-as-many': retireIntent('fulcio-root'),
      'ca-profile-fits': three(issueIntent('tsa-leaf')),
      'ca-key-apart': three(issueIntent()),
      'ca-cross-other': three(crossIntent('fulcio-root', 'tsa-root')),
    };
    for (const [rule, intent] of Object.entries(refused)) {
      await expect(bench.plan(rule, intent)).rejects.toThrowToolkit('CER_CA_PLAN_REFUSED', {
        findings: expect.arrayContaining([expect.objectContaining({ rule })]),
      });
      await expect(openCaEvent(bench.layout, rule)).rejects.toThrowToolkit('CER_NO_CA_EVENT');
    }
    const elsewhere = ['ca-not-retired', 'ca-rehearsal-kept'];
    expect(caRules.map(({ id }) => id).sort()).toEqual([...Object.keys(refused), ...elsewhere].sort());
  });

  it('refuses to call it a rehearsal where a real authority signs', async () => {
    await using bench = await CaBench.withRoot();
    await bench.serverKey(memorySigner('ecdsa-p384-sha384'));
    const intent = parseCaIntent(issueIntent(), 'ca-intent.yaml');
    const planned = planNewCaEvent(await bench.room(), { intent, event: 'issue', now: bench.now, rehearsal: true });
    await expect(planned).rejects.toThrowToolkit('CER_CA_PLAN_REFUSED', {
      findings: [expect.objectContaining({ rule: 'ca-rehearsal-kept' })],
    });
  });

  it.each([
    ['the root itself', () => ({}), 'expected another key than that of the signing root'],
    [
      'another organisation',
      (text: string) => text.replace('organization: Acme', 'organization: Other'),
      'expected the organisation Acme, got Other',
    ],
  ] as const)('refuses to cross-sign %s', async (_name, change, message) => {
    await using bench = await CaBench.withRoot();
    const same = typeof change('') !== 'string';
    if (!same) await bench.genesis({ name: 'standby', change: change as (text: string) => string });
    const planned = bench.plan('cross', crossIntent('fulcio-root', same ? 'fulcio-root' : 'standby'));
    await expect(planned).rejects.toThrow(message);
  });

  it('refuses a private key, and does not show it', async () => {
    await using bench = await CaBench.withRoot();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await bench.file('inbox/server.pem', pem);
    const error = await bench.plan('issue', issueIntent()).catch((caught) => caught);
    expect(error).toMatchObject({ code: 'CER_CA_INPUT' });
    expect(JSON.stringify(error) + error.message).not.toContain(pem.split('\n')[1]);
  });

  it('refuses a key that no server may sign with, before anything is written', async () => {
    await using bench = await CaBench.withRoot();
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    await bench.file('inbox/server.pem', publicKey.export({ type: 'spki', format: 'pem' }).toString());
    await expect(bench.plan('issue', issueIntent())).rejects.toThrowToolkit('CER_CA_LINT', {
      findings: expect.arrayContaining([expect.objectContaining({ rule: 'chain-key-strength' })]),
    });
    await expect(openCaEvent(bench.layout, 'issue')).rejects.toThrowToolkit('CER_NO_CA_EVENT');
  });

  it('refuses a second plan of one name, and a name that is none', async () => {
    await using bench = await CaBench.begin();
    await bench.plan('genesis', genesisIntent());
    await expect(bench.plan('genesis', genesisIntent())).rejects.toThrowToolkit('CER_CA_EVENT_EXISTS');
    await expect(bench.plan('../up', genesisIntent())).rejects.toThrowToolkit('CER_EVENT_NAME');
  });

  it('takes the key alone from a request', async () => {
    await using bench = await CaBench.withRoot();
    const signer = memorySigner('ecdsa-p384-sha384');
    const { createCsr } = await import('../../../src/x509/csr.ts');
    const subject = { organization: 'Evil', commonName: 'evil' };
    await bench.file('inbox/server.pem', await createCsr({ subject, signer, profile: 'fulcio-intermediate' }));
    const path = await bench.issue('issue', issueIntent(), rootSigner('fulcio-root'));
    const issued = new X509Certificate(await readFile(path));
    expect(issued.subject).toBe('O=Acme\nCN=Acme fulcio-intermediate');
    expect(issued.publicKey.equals(signer.publicKey)).toBe(true);
  });
});
