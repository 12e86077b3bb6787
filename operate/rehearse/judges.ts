import { startGateway } from '../../local/gateway/gateway.ts';
import { findCosign } from '../../local/servers.ts';
import type { Environment } from '../../src/cli/command.ts';
import { makePrivateDirectory } from '../../src/core/files.ts';
import type { Progress } from '../../src/core/progress.ts';
import { loopbackEdgeLimits, tufEdge } from '../../src/services/edge.ts';
import type { Verdict } from '../clients/client.ts';
import { CosignClient } from '../clients/cosign.ts';
import type { Stage } from './stage.ts';

/** What an independent client makes of what is published, from the first root. */
export interface JudgesVerdict {
  readonly judge: string;
  readonly verdict: 'accepts' | 'refuses';
  /** In its own words, where it refuses. */
  readonly says?: string;
}

/** Clients that share no line with each other, and that read what is published from a web server. */
export interface Judges {
  /** Where what is published is served. */
  readonly url: string;
  judge(rootFile: string, event: string): Promise<readonly JudgesVerdict[]>;
  close(): Promise<void>;
}

export interface JudgesOptions {
  readonly environment: Environment;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Serves what is published on loopback, as a mirror would, and seats the judges. */
export async function seatJudges(stage: Stage, options: JudgesOptions): Promise<Judges> {
  const cosign = await findCosign({ ...options, env: options.environment as NodeJS.ProcessEnv });
  const client = new CosignClient(cosign.path, cosign.version, options.signal);
  const listener = {
    name: 'tuf',
    port: 0,
    edge: tufEdge(loopbackEdgeLimits),
    directory: stage.published,
    isOpen: () => true,
  };
  const gateway = await startGateway({ listeners: [listener] });
  const url = `http://127.0.0.1:${gateway.ports.get('tuf')}`;
  let round = 0;
  return {
    url,
    judge: async (rootFile, event) => {
      round += 1;
      // The toolkit's own client and tuf-js, by the command that an auditor uses.
      const { json } = await stage.coordinator(
        'ceremony',
        'verify',
        '--metadata',
        url,
        '--root',
        rootFile,
        '--event',
        event,
        '--dir',
        stage.rootSigning,
      );
      const own = (json as { judges: readonly string[] }).judges.map((judge) => ({
        judge,
        verdict: 'accepts' as const,
      }));
      const home = stage.path('cosign', String(round));
      await makePrivateDirectory(home);
      const verdict = await client.initialize({ tufUrl: url, rootFile }, home);
      return [...own, verdictOf(`cosign ${cosign.version}`, verdict)];
    },
    close: () => gateway.close(),
  };
}

function verdictOf(judge: string, verdict: Verdict): JudgesVerdict {
  return verdict.accepted ? { judge, verdict: 'accepts' } : { judge, verdict: 'refuses', says: verdict.reason };
}
