import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type MonitorOptions, monitorLogs } from '../../../../operate/functions/monitoring/monitor.ts';
import { toBase64, utf8 } from '../../../../src/core/bytes.ts';
import { addMs, formatInstant, hourMs } from '../../../../src/core/clock.ts';
import { spkiOf } from '../../../../src/core/digest.ts';
import type { Fetch } from '../../../../src/core/http.ts';
import { ctLogId } from '../../../../src/tlog/ct-key.ts';
import { ctLog, p256Key } from '../../../src/tlog/memory-log.ts';
import { MemoryStore, now, publishedRepository } from '../../../support/root-of-trust.ts';
import { recordedLog } from '../recorded-log.ts';

const origins = ['c.acme.example', 'd.acme.example'];
const deployed = origins.map((origin) => ({
  ...{ service: `ct-${origin.slice(0, 1)}`, kind: 'ct' as const, origin, url: `https://${origin}` },
}));
const entries = [0, 1, 2].map((each) => ({ tileLeaf: Uint8Array.of(each), merkleTreeLeaf: Uint8Array.of(each) }));

function trustedRoot(): Uint8Array {
  const ctlogs = origins.map((origin) => {
    const publicKey = createPublicKey(p256Key(origin) as never);
    const validFor = { start: '2026-01-01T00:00:00Z' };
    return {
      ...{ baseUrl: `https://${origin}`, hashAlgorithm: 'SHA2_256', logId: { keyId: toBase64(ctLogId(publicKey)) } },
      publicKey: { rawBytes: toBase64(spkiOf(publicKey)), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
    };
  });
  const mediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';
  return utf8(JSON.stringify({ mediaType, tlogs: [], certificateAuthorities: [], ctlogs }));
}

/** Two CT logs of three certificates each, of which the monitor saw one each three hours ago. */
async function stage(without: readonly string[] = []): Promise<MonitorOptions> {
  const { store, pinnedRoot } = await publishedRepository({ targets: new Map([['trusted_root.json', trustedRoot()]]) });
  const files = new Map(
    origins.map((origin) => {
      const log = ctLog(entries, origin);
      const checkpoint = log.publish(3);
      return [origin, (path: string) => (path === 'checkpoint' ? checkpoint : log.files.get(path))] as const;
    }),
  );
  const fetch = (async (url: string) => {
    const { host, pathname } = new URL(url);
    if (without.includes(host)) throw new TypeError('fetch failed');
    const path = decodeURIComponent(pathname.slice(1));
    const found = files.get(host)?.(path) ?? store.files.get(path);
    return new Response(found ? Uint8Array.from(found) : 'none', { status: found ? 200 : 404 });
  }) as Fetch;
  const sizes = deployed.map(({ service }) => ({ log: service, size: 1 }));
  const issued = { format: 'sigstead issued v1', seen: [{ at: formatInstant(addMs(now, -3 * hourMs)), sizes }] };
  const memory = new MemoryStore(new Map([['issued.json', utf8(JSON.stringify(issued))]]));
  return { tufUrl: 'https://tuf.acme.example', pinnedRoot, now, fetch, logs: deployed, memory };
}

describe('monitorLogs', () => {
  it('sends how many certificates all CT logs took, for a time that is over', async () => {
    const recorded = recordedLog();
    await monitorLogs(await stage(), recorded.log);
    expect(recorded.metrics()['CertificatesLogged']).toEqual([4]);
    const [line = '{}'] = recorded.lines.filter((each) => each.includes('CertificatesLogged'));
    const { _aws, Instance } = JSON.parse(line) as { _aws: { Timestamp: number }; Instance: string };
    expect([_aws.Timestamp, Instance]).toEqual([now.getTime() - 1.5 * hourMs, 'acme']);
  });

  it('sends nothing where it could not look at one of them: the alarm would take that for signatures', async () => {
    const recorded = recordedLog();
    await expect(monitorLogs(await stage(['d.acme.example']), recorded.log)).rejects.toThrowToolkit(
      'CORE_HTTP_UNREACHABLE',
    );
    expect(recorded.metrics()).not.toHaveProperty('CertificatesLogged');
    expect(recorded.metrics()['LogSize{ct-c}']).toEqual([3]);
  });

  it('tells that its memory of them is not its own, having looked at every log', async () => {
    const options = await stage();
    await options.memory.replace('issued.json', utf8('{}'));
    const recorded = recordedLog();
    await expect(monitorLogs(options, recorded.log)).rejects.toThrowToolkit('OPS_FUNCTION_MEMORY');
    expect(recorded.metrics()).toMatchObject({ 'MonitorFailure{ct-c}': [0], 'MonitorFailure{ct-d}': [0] });
  });
});
