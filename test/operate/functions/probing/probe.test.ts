import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { certificateMetrics, checkpointAge, step } from '../../../../operate/functions/probing/probe.ts';
import { turnOf } from '../../../../operate/functions/probing/signature.ts';
import { knownLog, unwatchedLogs } from '../../../../operate/functions/runtime/known-logs.ts';
import { ToolkitError } from '../../../../src/core/error.ts';
import type { Fetch } from '../../../../src/core/http.ts';
import { parseSigningConfig } from '../../../../src/trust/signing-config.ts';
import type { TrustedLog, TrustedRootView } from '../../../../src/trust/trusted-root.ts';
import { ctLog, ed25519Key, entryBodies, p256Key, rekorLog } from '../../../src/tlog/memory-log.ts';
import { fulcioChain, tsaChain } from '../../../support/chains.ts';

const now = new Date('2026-11-22T10:01:00Z');
const origin = 'log2026-1.acme.example';
const ctOrigin = 'ct2026-1.acme.example';
const rekor = { service: 'rekor-log2026-1', kind: 'rekor', origin, url: `https://${origin}` } as const;
const ct = { service: 'ct-ct2026-1', kind: 'ct', origin: ctOrigin, url: `https://${ctOrigin}` } as const;
const since = { start: new Date('2026-01-01T00:00:00Z') };

function trustedLog(name: string, privateKey: Parameters<typeof createPublicKey>[0]): TrustedLog {
  const publicKey = createPublicKey(privateKey);
  const rest = { path: '', hashAlgorithm: 'SHA2_256', keyDetails: '', logId: new Uint8Array() };
  return { ...rest, baseUrl: `https://${name}`, publicKey, validFor: since };
}

const authority = { path: '', organization: 'acme', commonName: 'acme', validFor: since };
const trusted: TrustedRootView = {
  tlogs: [trustedLog(origin, ed25519Key(origin) as never)],
  ctlogs: [trustedLog(ctOrigin, p256Key(ctOrigin) as never)],
  certificateAuthorities: [{ ...authority, uri: 'https://fulcio.acme.example', chain: fulcioChain() }],
  timestampAuthorities: [
    { ...authority, uri: 'https://tsa-1.acme.example', chain: tsaChain() },
    { ...authority, uri: 'https://old.acme.example', chain: tsaChain(), validFor: { ...since, end: since.start } },
  ],
};

function answering(body: Uint8Array, headers: Record<string, string> = {}, status = 200): Fetch {
  return (async () => new Response(Uint8Array.from(body), { status, headers })) as Fetch;
}

describe('checkpointAge', () => {
  const checkpoint = rekorLog(entryBodies(3), origin).publish(3);

  it('takes the time that a CT log signed, and for Rekor when the file was written', async () => {
    const written = { 'last-modified': 'Sun, 22 Nov 2026 10:00:30 GMT' };
    const age = await checkpointAge(rekor, trusted, { now, fetch: answering(checkpoint, written) });
    expect(age).toEqual({ name: 'CheckpointAgeSeconds', value: 30, unit: 'Seconds', of: { Log: rekor.service } });
    const signed = ctLog([], ctOrigin).publish(0);
    const ofCt = await checkpointAge(ct, trusted, { now, fetch: answering(signed, written) });
    expect(ofCt.value).toBeCloseTo(59.877);
  });

  it('refuses a log without a time, without a checkpoint, of another key, and one that nobody trusts', async () => {
    const look = async (fetch: Fetch, log: typeof rekor | typeof ct = rekor) =>
      await checkpointAge(log, trusted, { now, fetch });
    await expect(look(answering(checkpoint))).rejects.toThrowToolkit('OPS_CHECKPOINT_TIME');
    await expect(look(answering(checkpoint, {}, 403))).rejects.toThrowToolkit('OPS_NO_CHECKPOINT', { status: 403 });
    const strange = rekorLog(entryBodies(3), 'other.example').publish(3);
    await expect(look(answering(strange))).rejects.toThrowToolkit('TLOG_ORIGIN');
    const unknown = { ...rekor, origin: 'unknown.example' } as never;
    await expect(look(answering(checkpoint), unknown)).rejects.toThrowToolkit('OPS_LOG_UNTRUSTED');
  });
});

describe('knownLog', () => {
  it('does not take a CT log for one of Rekor', () => {
    expect(() => knownLog({ ...rekor, kind: 'ct' }, trusted)).toThrowToolkit('OPS_LOG_UNTRUSTED');
  });
});

describe('unwatchedLogs', () => {
  it('names the logs that clients trust and nobody watches, as long as they are in force', () => {
    expect(unwatchedLogs([rekor, ct], trusted, now)).toEqual([]);
    expect(unwatchedLogs([rekor], trusted, now)).toEqual([ctOrigin]);
    expect(unwatchedLogs([rekor], trusted, new Date('2025-01-01T00:00:00Z'))).toEqual([]);
  });
});

describe('certificateMetrics', () => {
  it('measures every authority in force by its service, or by its host where nobody knows it', () => {
    const metrics = certificateMetrics([{ service: 'fulcio', url: 'https://fulcio.acme.example' }], trusted, now);
    expect(metrics.map(({ of }) => of)).toEqual([{ Service: 'fulcio' }, { Service: 'tsa-1.acme.example' }]);
    for (const { name, value } of metrics) {
      expect(name).toBe('CertificateExpiresInDays');
      expect(value).toBeGreaterThan(30);
    }
  });
});

describe('step', () => {
  it('returns the value and how long it took', async () => {
    expect(await step('sign', () => 3)).toEqual({ value: 3, ms: expect.any(Number) });
  });

  it.each([
    ['sign', new Error('status 500'), 'environment'],
    ['trust', new ToolkitError('TUF_HASH', { message: 'wrong', fault: 'evidence' }), 'evidence'],
    ['verify', new Error('bad signature'), 'evidence'],
  ] as const)('refuses to go on where %s fails, and says whose fault it is', async (name, cause, fault) => {
    const failed = step(name, () => Promise.reject(cause));
    await expect(failed).rejects.toThrowToolkit('OPS_PROBE_FAILED', { step: name });
    await expect(failed).rejects.toMatchObject({ fault });
  });
});

describe('turnOf', () => {
  const service = (url: string, end?: string) => ({
    ...{ url, majorApiVersion: 1, operator: url },
    validFor: { start: '2026-01-01T00:00:00Z', ...(end && { end }) },
  });
  const config = parseSigningConfig(
    Buffer.from(
      JSON.stringify({
        mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
        caUrls: [service('https://fulcio')],
        rekorTlogUrls: [{ ...service('https://rekor'), majorApiVersion: 2 }],
        rekorTlogConfig: { selector: 'ANY' },
        tsaUrls: [service('https://a'), service('https://b'), service('https://old', '2026-02-01T00:00:00Z')],
        tsaConfig: { selector: 'ALL' },
      }),
    ),
    'signing_config',
  );

  it('asks each authority in turn, and none whose time is over', () => {
    const urls = [0, 1, 2].map((turn) => turnOf(config, turn, now).tsaUrls.map(({ url }) => url));
    expect(urls).toEqual([['https://a'], ['https://b'], ['https://a']]);
    expect(turnOf(config, 7, now).rekorTlogUrls).toHaveLength(1);
    expect(turnOf(config, 0, now).tsaConfig).toMatchObject({ selector: 2 });
  });
});
