import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Comparer, type Comparison } from './comparison.ts';
import { startGatewayUnderTest } from './gateway-under-test.ts';
import { judge, type Requirement } from './requirements.ts';
import { Signatories } from './signatories.ts';
import type { SigningTarget } from './target.ts';
import { loadedWorks, unloadedWorks, type Work } from './work.ts';

export interface SigningOptions {
  readonly clients: readonly number[];
  readonly rounds: number;
  /** Length of a block. Work that waits for a checkpoint gets blocks of three times the length, the rest as many. */
  readonly seconds: number;
  /** Names of the kinds of work to do. @default all */
  readonly works?: readonly string[];
  readonly say: (line: string) => void;
}

export interface SigningReport {
  readonly cores: number;
  readonly node: string;
  readonly options: Omit<SigningOptions, 'say'>;
  readonly unloaded: readonly Comparison[];
  readonly loaded: readonly Comparison[];
  readonly requirements: readonly Requirement[];
}

/** Measures what the gateway costs those who sign: the bare servers and the gateway before them, in turn, in one run. */
export async function benchSigning(target: SigningTarget, options: SigningOptions): Promise<SigningReport> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-signing-'));
  try {
    await using gateway = await startGatewayUnderTest(target.bare, directory);
    const maxClients = Math.max(...options.clients);
    const comparer = new Comparer(target.bare, gateway, new Signatories(target.token), maxClients);
    const { say: _, ...settings } = options;
    const unloaded = await compareAll(comparer, unloadedWorks, { ...options, clients: [1] });
    const loaded = await compareAll(comparer, loadedWorks, options);
    comparer.close();
    const requirements = judge(unloaded, loaded);
    return { cores: availableParallelism(), node: process.version, options: settings, unloaded, loaded, requirements };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** On each side: compilers need some ten thousand requests before a request costs what it will. */
const warmUpSeconds = 6;

async function compareAll(
  comparer: Comparer,
  works: readonly Work[],
  { clients, rounds, seconds, works: wanted, say }: SigningOptions,
): Promise<readonly Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const work of works.filter(({ name }) => wanted?.includes(name) ?? true)) {
    const blocks = work.waitsForCheckpoint ? { rounds, seconds: seconds * 3 } : { rounds: rounds * 3, seconds };
    await comparer.warmUp(work, Math.max(...clients), warmUpSeconds);
    for (const count of clients) {
      say(`${work.name}, ${count} ${count === 1 ? 'client' : 'clients'}`);
      comparisons.push(await comparer.compare({ work, clients: count, ...blocks }));
    }
  }
  return comparisons;
}
