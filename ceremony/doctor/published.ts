import { minuteMs } from '../../src/core/clock.ts';
import { describeCause } from '../../src/core/error.ts';
import { type Fetch, request } from '../../src/core/http.ts';
import type { Finding } from '../../src/core/rules.ts';
import { maxMetadataBytes, metadataPath, timestampPath } from '../../src/tuf/layout.ts';

const skewMs = 5 * minuteMs;

export interface PublishedProbe {
  /** Where clients read the repository. */
  readonly url: string;
  /** The root in force. */
  readonly rootVersion: number;
  readonly now: Date;
  readonly fetch?: Fetch;
}

/**
 * Asks the web server what TUF clients ask it, and judges how it answers: a missing root must be 404 and never kept, the
 * timestamp must never be kept, and the clocks must agree.
 */
export async function publishedFindings(probe: PublishedProbe): Promise<readonly Finding[]> {
  try {
    return [...(await nextRootFindings(probe)), ...(await timestampFindings(probe))];
  } catch (error) {
    return [
      finding(
        probe.url,
        'reachable',
        describeCause(error),
        'clients fail as we do: look at the server and the network',
      ),
    ];
  }
}

async function nextRootFindings(probe: PublishedProbe): Promise<readonly Finding[]> {
  const path = metadataPath('root', probe.rootVersion + 1);
  const { status, headers } = await get(probe, path, maxMetadataBytes.root);
  const findings: Finding[] = [];
  if (status === 403) {
    findings.push(
      finding(
        path,
        'missing-root-404',
        'expected 404 for a root that is not there, got 403',
        'give readers s3:ListBucket, or map 403 to 404: Go clients stop there',
      ),
    );
  } else if (status !== 404) {
    findings.push(
      finding(
        path,
        'missing-root-404',
        `expected 404 for a root that is not there, got ${status}`,
        'whatever is served there is no root that was published here',
      ),
    );
  }
  const kept = headers.get('cache-control') ?? '';
  if (status === 404 && /max-age=(?!0\b)|immutable/.test(kept)) {
    findings.push(
      finding(
        path,
        'missing-root-not-kept',
        `expected that no cache keeps a 404, got cache-control: ${kept}`,
        'a kept 404 hides the next root from clients: set no-store for errors',
      ),
    );
  }
  return findings;
}

async function timestampFindings(probe: PublishedProbe): Promise<readonly Finding[]> {
  const { status, headers } = await get(probe, timestampPath, maxMetadataBytes.timestamp);
  const findings: Finding[] = [];
  if (status !== 200) {
    findings.push(
      finding(timestampPath, 'timestamp-there', `expected status 200, got ${status}`, 'publish the repository there'),
    );
  }
  const kept = headers.get('cache-control') ?? '';
  if (!/no-store|no-cache|max-age=0\b/.test(kept)) {
    findings.push(
      finding(
        timestampPath,
        'timestamp-not-kept',
        `expected cache-control no-store, got ${kept || 'none'}`,
        'caches that keep it serve old versions, which clients take for a freeze attack',
      ),
    );
  }
  const date = Date.parse(headers.get('date') ?? '');
  if (Math.abs(date - probe.now.getTime()) > skewMs) {
    findings.push(
      finding(
        timestampPath,
        'clocks-agree',
        `its server’s clock says ${new Date(date).toISOString()}, this one ${probe.now.toISOString()}`,
        'set the one that is wrong before anybody signs',
      ),
    );
  }
  return findings;
}

async function get({ url, fetch }: PublishedProbe, path: string, maxBytes: number) {
  return await request(`${url.replace(/\/+$/, '')}/${path}`, { maxBytes, ...(fetch && { fetch }) });
}

function finding(where: string, rule: string, message: string, hint: string): Finding {
  return { rule, severity: 'error', where, message, hint };
}
