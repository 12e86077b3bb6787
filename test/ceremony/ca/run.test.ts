import { X509Certificate } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { openCaEvent } from '../../../ceremony/ca/event.ts';
import { bornInToken, completeGenesis } from '../../../ceremony/ca/genesis.ts';
import { assertLintedBytes, lintWithThrowAwayKey } from '../../../ceremony/ca/lint.ts';
import { formatCaPlan } from '../../../ceremony/ca/plan-document.ts';
import { issueReady, retireReady, signReady } from '../../../ceremony/ca/run.ts';
import { renderSheet } from '../../../ceremony/ca/sheets.ts';
import { digestLine } from '../../../ceremony/event/event.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { addMs, dayMs } from '../../../src/core/clock.ts';
import { sha256Hex } from '../../../src/core/digest.ts';
import type { Pkcs11Module } from '../../../src/keys/pkcs11/module.ts';
import type { TokenState } from '../../../src/keys/pkcs11/tokens.ts';
import { parseShare, splitSecret } from '../../../src/keys/shares.ts';
import { parseCertificate } from '../../../src/x509/certificate.ts';
import { parseChain } from '../../../src/x509/chain.ts';
import { lintFulcioChain, lintTsaChain } from '../../../src/x509/lint.ts';
import {
  CaBench,
  countedSigner,
  crossIntent,
  genesisIntent,
  issueIntent,
  newKey,
  retireIntent,
  rootSigner,
  secret,
} from '../../support/ca-bench.ts';
import { modulesOfSvg, scan } from '../../support/qr-scanner.ts';
import { lyingSigner, memorySigner } from '../../support/signers.ts';

const server = memorySigner('ecdsa-p384-sha384', 'server');

async function withRoot(): Promise<CaBench> {
  const bench = await CaBench.withRoot();
  await bench.serverKey(server);
  return bench;
}

describe('completeGenesis', () => {
  it('makes an authority: root, shares, record; and a sheet for each holder', async () => {
    await using bench = await CaBench.begin();
    const { certificate, document, shares } = await bench.genesis();
    expect(certificate).toMatchObject({ label: 'Acme fulcio-root', basicConstraints: { isCa: true, pathLength: 2 } });
    expect(document).toMatchObject({ name: 'fulcio-root', custody: 'shares', authorisedBy: ['alice', 'bob'] });
    expect(shares).toMatchObject([{ subject: 'fulcio-root', threshold: 3 }]);
    const sheets = await readdir(bench.sheets);
    expect(sheets).toHaveLength(5);
    const sheet = await readFile(join(bench.sheets, sheets[1] ?? ''), 'utf8');
    const typed = [...sheet.matchAll(/<pre>(.*?)<\/pre>/g)].map(([, line]) => line).join(' ');
    expect(parseShare(typed, 'sheet')).toMatchObject({ subject: 'fulcio-root', holder: 'bob', number: 2, count: 5 });
    expect(sheet).toContain(shares[0]?.commitment ?? '-');
    // Nothing in root-signing/ has the secret, nor any share.
    for (const name of await readdir(join(bench.directory, 'cas'), { recursive: true, withFileTypes: true })) {
      if (!name.isFile()) continue;
      const text = await readFile(join(name.parentPath, name.name), 'utf8');
      expect(text).not.toContain(secret);
      expect(text).not.toContain(typed.split(' ').slice(9, 13).join(''));
    }
  });

  it('refuses a second run, and a directory that has a certificate', async () => {
    await using bench = await CaBench.begin();
    await bench.genesis();
    await expect(bench.ready('fulcio-root')).rejects.toThrowToolkit('CER_CA_FILE_TAKEN');
    await bench.file('ca-events/second/result.json', 'somebody took the certificate away');
    await bench.plan('second', genesisIntent({ name: 'second' }));
    await bench.authorise('second', 'alice', 'bob');
    await expect(bench.ready('second')).rejects.toThrowToolkit('CER_CA_FILE_TAKEN', { event: 'second' });
    await bench.plan('again', genesisIntent({ name: 'other' }));
    await bench.authorise('again', 'alice', 'bob');
    await bench.file('cas/other/root.pem', 'anything');
    await expect(bench.ready('again')).rejects.toThrowToolkit('CER_CA_FILE_TAKEN', { event: 'again' });
  });

  it('makes no authority with a token that signs wrongly', async () => {
    await using bench = await CaBench.begin();
    await bench.plan('genesis', genesisIntent());
    await bench.authorise('genesis', 'alice', 'bob');
    const ready = await bench.ready('genesis');
    const liar = completeGenesis(ready, newKey(lyingSigner()), { sheets: bench.sheets, keyFile: undefined });
    await expect(liar).rejects.toThrowToolkit('X509_SIGNATURE');
    expect((await bench.room()).authorities.size).toBe(0);
  });
});

describe('bornInToken', () => {
  it('refuses a token with a pad for its PIN before a key is born there', async () => {
    const token = {
      label: 'root-a',
      serial: '1',
      protectedAuthenticationPath: true,
      loginRequired: true,
    } as TokenState;
    const never = () => Promise.reject(new Error('was asked'));
    const options = {
      token,
      module: {} as Pkcs11Module,
      label: 'root',
      algorithm: 'ecdsa-p384-sha384',
      pin: never,
    } as const;
    await expect(bornInToken(options)).rejects.toThrowToolkit('CER_CA_PIN_PAD', { what: 'token "root-a" (serial 1)' });
  });
});

describe('renderSheet', () => {
  it('has the share in a code that a scanner types', async () => {
    await using bench = await CaBench.begin();
    const { certificateSha256 } = (await bench.genesis()).document;
    const { set, shares } = await splitSecret({
      subject: 'ca',
      threshold: 2,
      holders: ['a', 'b', 'c'],
      secret: utf8('74203'),
    });
    for (const share of shares) {
      const page = renderSheet(share, { repository: { id: 'ab', name: '<b>' }, set, shares, certificateSha256 });
      expect(parseShare(scan(modulesOfSvg(page))?.text ?? '', 'sheet')).toEqual(share);
      expect(page).not.toContain('<b>');
    }
  });
});

describe('issueReady', () => {
  it('issues what Fulcio signs with, and numbers it', async () => {
    await using bench = await withRoot();
    const path = await bench.issue('issue', issueIntent(), rootSigner('fulcio-root'));
    expect(path).toBe(join(bench.directory, 'cas/fulcio-root/issued/0001-fulcio-intermediate.pem'));
    const chain = parseChain(await readFile(path, 'utf8'), path);
    expect(lintFulcioChain(chain, { now: bench.now, publicKey: server.publicKey })).toEqual([]);
    const event = await openCaEvent(bench.layout, 'issue');
    const { certificate } = event.plan;
    const issued = parseCertificate(chain.der[0] ?? new Uint8Array(), 'issued');
    expect(Buffer.from(issued.serial).toString('hex')).toBe(certificate?.serial);
    expect(new X509Certificate(issued.der).validToDate).toEqual(certificate?.notAfter);
  });

  it('issues leaf and intermediate of a timestamp authority', async () => {
    await using bench = await CaBench.begin();
    await bench.genesis({ ca: 'tsa-root' });
    await bench.serverKey(server);
    const path = await bench.issue('leaf', issueIntent('tsa-leaf', 'tsa-root'), rootSigner('tsa-root'));
    const chain = parseChain(await readFile(path, 'utf8'), path);
    expect(lintTsaChain(chain, { now: bench.now, publicKey: server.publicKey })).toEqual([]);
    const intermediate = issueIntent('tsa-intermediate', 'tsa-root');
    expect(await bench.issue('intermediate', intermediate, rootSigner('tsa-root'))).toContain('0002-tsa-intermediate');
  });

  it('refuses the key of another authority without using it', async () => {
    await using bench = await withRoot();
    await bench.plan('issue', issueIntent());
    await bench.authorise('issue', 'alice', 'bob');
    const other = countedSigner(rootSigner('other'));
    await expect(issueReady(await bench.ready('issue'), other)).rejects.toThrowToolkit('X509_ISSUER_KEY');
    expect(other.calls()).toBe(0);
  });

  it('refuses a certificate that no longer passes the rules, before the key is used', async () => {
    await using bench = await withRoot();
    await bench.plan('issue', issueIntent().replace('days: 1000', 'days: 3'));
    await bench.authorise('issue', 'alice', 'bob');
    bench.now = addMs(bench.now, 4 * dayMs);
    const signer = countedSigner(rootSigner('fulcio-root'));
    const run = async () => await issueReady(await bench.ready('issue'), signer);
    await expect(run()).rejects.toThrowToolkit('CER_CA_LINT', {
      findings: expect.arrayContaining([expect.objectContaining({ rule: 'chain-valid-now' })]),
    });
    expect(signer.calls()).toBe(0);
  });

  it('refuses a number that another event took', async () => {
    await using bench = await withRoot();
    await bench.plan('one', issueIntent());
    await bench.plan('two', issueIntent());
    for (const name of ['one', 'two']) await bench.authorise(name, 'alice', 'bob');
    await issueReady(await bench.ready('one'), rootSigner('fulcio-root'));
    await expect(bench.ready('two')).rejects.toThrowToolkit('CER_CA_FILE_TAKEN', { event: 'two' });
  });
});

describe('readyCaEvent', () => {
  it('refuses a plan that is too old, or from the future', async () => {
    await using bench = await CaBench.begin();
    await bench.plan('genesis', genesisIntent());
    await bench.authorise('genesis', 'alice', 'bob');
    const { now } = bench;
    bench.now = addMs(now, 22 * dayMs);
    await expect(bench.ready('genesis')).rejects.toThrowToolkit('CER_PLAN_TOO_OLD');
    bench.now = addMs(now, -dayMs);
    await expect(bench.ready('genesis')).rejects.toThrowToolkit('CER_PLAN_FUTURE');
  });

  it('refuses a plan that was written by hand so that nobody need authorise it', async () => {
    await using bench = await withRoot();
    const { layout, plan } = await bench.plan('issue', issueIntent());
    const forged = formatCaPlan({ ...plan, authorisedBy: [] });
    await writeFile(layout.plan, forged);
    await writeFile(layout.planDigest, digestLine(sha256Hex(forged)));
    await expect(bench.ready('issue')).rejects.toThrowToolkit('CER_CA_PLAN_OTHER', { event: 'issue' });
  });

  it.each(['plan', 'intent', 'tbs', 'planDigest'] as const)('refuses an event whose %s was changed', async (file) => {
    await using bench = await withRoot();
    const { layout } = await bench.plan('issue', issueIntent());
    const bytes = await readFile(layout[file]);
    bytes[30] = (bytes[30] ?? 0) ^ 1;
    await writeFile(layout[file], bytes);
    await expect(bench.ready('issue')).rejects.toThrowToolkit('CER_CA_EVENT_CHANGED');
  });

  it('refuses an authority that was retired since', async () => {
    await using bench = await withRoot();
    await bench.plan('issue', issueIntent());
    await bench.authorise('issue', 'alice', 'bob');
    await bench.plan('retire', retireIntent('fulcio-root'));
    await bench.authorise('retire', 'bob', 'carol');
    await retireReady(await bench.ready('retire'));
    expect(await bench.authority('fulcio-root')).toMatchObject({ retired: { authorisedBy: ['bob', 'carol'] } });
    await expect(bench.ready('issue')).rejects.toThrowToolkit('CER_CA_PLAN_REFUSED', {
      findings: [expect.objectContaining({ rule: 'ca-not-retired' })],
    });
  });
});

describe('signReady', () => {
  it('cross-signs a standby both ways: either root verifies what is below the other', async () => {
    await using bench = await withRoot();
    await bench.genesis({ name: 'standby' });
    const there = await bench.issue('there', crossIntent('fulcio-root', 'standby'), rootSigner('fulcio-root'));
    const back = await bench.issue('back', crossIntent('standby', 'fulcio-root'), rootSigner('standby'));
    expect(back).toContain('cas/standby/cross/0001-acme-fulcio-root.pem');
    const issued = await bench.issue('issue', issueIntent('fulcio-intermediate', 'standby'), rootSigner('standby'));
    const [intermediate] = parseChain(await readFile(issued, 'utf8'), issued).der;
    const [cross] = parseChain(await readFile(there, 'utf8'), there).der;
    const root = (await bench.authority('fulcio-root')).certificate.der;
    const { chainOf } = await import('../../../src/x509/chain.ts');
    const none = new Uint8Array();
    const chain = chainOf(intermediate ?? none, cross ?? none, root);
    expect(lintFulcioChain(chain, { now: bench.now, publicKey: server.publicKey })).toEqual([]);
  });

  it('refuses an event that signs nothing', async () => {
    await using bench = await withRoot();
    await bench.plan('retire', retireIntent('fulcio-root'));
    await bench.authorise('retire', 'bob', 'carol');
    const signer = countedSigner(rootSigner('fulcio-root'));
    const ready = await bench.ready('retire');
    await expect(signReady(ready, signer)).rejects.toThrowToolkit('CER_CA_NOTHING_TO_SIGN', { kind: 'ca-retire' });
    expect(signer.calls()).toBe(0);
  });
});

describe('lintWithThrowAwayKey', () => {
  it('refuses bytes that are not those of the plan', async () => {
    await using bench = await withRoot();
    const { plan } = await bench.plan('issue', issueIntent());
    const { certificate } = await bench.authority('fulcio-root');
    if (!plan.certificate) throw new Error('no certificate');
    const planned = { ...plan.certificate, tbsSha256: '0'.repeat(64) };
    const linted = lintWithThrowAwayKey(planned, certificate.der, bench.now);
    await expect(linted).rejects.toThrowToolkit('CER_CA_TBS_DIFFERS', { expected: planned.tbsSha256 });
    const tbs = await lintWithThrowAwayKey(plan.certificate, certificate.der, bench.now);
    const { certificate: issuing } = plan;
    expect(() => assertLintedBytes(issuing, tbs, certificate.der)).toThrowToolkit('CER_CA_TBS_DIFFERS');
  });

  it('refuses a plan that lacks what its kind needs', async () => {
    await using bench = await CaBench.begin();
    const { plan } = await bench.plan('genesis', genesisIntent());
    if (!plan.certificate) throw new Error('no certificate');
    const planned = { ...plan.certificate, subject: undefined };
    await expect(lintWithThrowAwayKey(planned, undefined, bench.now)).rejects.toThrowToolkit('CER_CA_PLAN_FILE');
  });
});
