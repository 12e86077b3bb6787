import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type MonitorOptions, monitorLogs } from '../../../../operate/functions/monitoring/monitor.ts';
import { toBase64, utf8 } from '../../../../src/core/bytes.ts';
import { spkiOf } from '../../../../src/core/digest.ts';
import type { Fetch } from '../../../../src/core/http.ts';
import { rekorLogId } from '../../../../src/tlog/rekor-key.ts';
import { ed25519Key, entryBodies, rekorLog } from '../../../src/tlog/memory-log.ts';
import { MemoryStore, now, publishedRepository } from '../../../support/root-of-trust.ts';
import { recordedLog } from '../recorded-log.ts';

const origins = ['a.acme.example', 'b.acme.example'];
const tufUrl = 'https://tuf.acme.example';

const deployed = origins.map((origin) => ({
  ...{ service: `rekor-${origin.slice(0, 1)}`, kind: 'rekor' as const, origin, url: `https://${origin}` },
}));

function trustedRoot(): Uint8Array {
  const tlogs = origins.map((origin) => {
    const publicKey = createPublicKey(ed25519Key(origin) as never);
    const validFor = { start: '2026-01-01T00:00:00Z' };
    return {
      ...{
        baseUrl: `https://${origin}`,
        hashAlgorithm: 'SHA2_256',
        logId: { keyId: toBase64(rekorLogId(origin, publicKey)) },
      },
      publicKey: { rawBytes: toBase64(spkiOf(publicKey)), keyDetails: 'PKIX_ED25519', validFor },
    };
  });
  const mediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';
  return utf8(JSON.stringify({ mediaType, tlogs, certificateAuthorities: [], ctlogs: [] }));
}

/** A published repository and two logs behind URLs; `without` are hosts that do not answer. */
async function stage(targetName = 'trusted_root.json', without: readonly string[] = []) {
  const { store, pinnedRoot } = await publishedRepository({ targets: new Map([[targetName, trustedRoot()]]) });
  const hosts = new Map(
    origins.map((origin) => {
      const log = rekorLog(entryBodies(3), origin);
      const checkpoint = log.publish(3);
      return [origin, (path: string) => (path === 'checkpoint' ? checkpoint : log.files.get(path))] as const;
    }),
  );
  const fetch = (async (url: string) => {
    const { host, pathname } = new URL(url);
    if (without.includes(host)) throw new TypeError('fetch failed');
    const found =
      hosts.get(host)?.(pathname.replace('/api/v2/', '')) ?? store.files.get(decodeURIComponent(pathname.slice(1)));
    return new Response(found ? Uint8Array.from(found) : 'none', { status: found ? 200 : 404 });
  }) as Fetch;
  const options: MonitorOptions = { tufUrl, pinnedRoot, now, fetch, logs: deployed, memory: new MemoryStore() };
  return options;
}

describe('monitorLogs', () => {
  it('looks at every log with the key that is published', async () => {
    const recorded = recordedLog();
    const { logs } = await monitorLogs(await stage(), recorded.log);
    expect(logs).toEqual(deployed.map(({ service }) => ({ service, size: 3 })));
    expect(recorded.metrics()).toEqual({
      ...{ 'MonitorFailure{rekor-a}': [0], 'MonitorFailure{rekor-b}': [0] },
      ...{ 'LogSize{rekor-a}': [3], 'LogSize{rekor-b}': [3] },
    });
  });

  it('looks at the others where one is out of reach, and throws what it found', async () => {
    const recorded = recordedLog();
    const looked = monitorLogs(await stage('trusted_root.json', ['a.acme.example']), recorded.log);
    await expect(looked).rejects.toThrowToolkit('CORE_HTTP_UNREACHABLE');
    expect(recorded.metrics()).toEqual({
      ...{ 'MonitorFailure{rekor-a}': [1], 'MonitorFailure{rekor-b}': [0], 'LogSize{rekor-b}': [3] },
    });
  });

  it('refuses a log that clients trust and nobody watches', async () => {
    const options = { ...(await stage()), logs: deployed.slice(1) };
    const looked = monitorLogs(options, recordedLog().log);
    await expect(looked).rejects.toThrowToolkit('OPS_LOG_UNWATCHED', { origins: ['a.acme.example'] });
  });

  it('refuses a log that nobody trusts, and looks at the others', async () => {
    const [first, second] = deployed;
    const recorded = recordedLog();
    const logs = [{ ...first, origin: 'c.acme.example' }, second] as MonitorOptions['logs'];
    await expect(monitorLogs({ ...(await stage()), logs }, recorded.log)).rejects.toThrowToolkit('OPS_LOG_UNTRUSTED');
    expect(recorded.metrics()['LogSize{rekor-b}']).toEqual([3]);
  });

  it('refuses a repository without a trusted root', async () => {
    const looked = monitorLogs(await stage('other.json'), recordedLog().log);
    await expect(looked).rejects.toThrowToolkit('OPS_NO_TRUSTED_ROOT', { url: tufUrl });
  });
});
