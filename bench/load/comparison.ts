import { type Block, runBlock, runInTurn } from './block.ts';
import type { GatewayUnderTest } from './gateway-under-test.ts';
import { LoadClient, type ServiceClients } from './load-client.ts';
import type { Signatories } from './signatories.ts';
import { median, quantile, rounded } from './statistics.ts';
import type { SigningUrls } from './target.ts';
import type { Work } from './work.ts';

/** One kind of work by so many clients, against the bare servers and through the gateway, in turn. */
export interface Comparison {
  readonly work: string;
  readonly clients: number;
  readonly bare: SideSummary;
  readonly gateway: SideSummary;
  /** Rate through the gateway over rate of the bare servers, per round and the median. */
  readonly rateRatio: number;
  readonly rateRatios: readonly number[];
  /** What the gateway adds, in milliseconds: the median over the rounds. */
  readonly addedMs: { readonly p50: number; readonly p99: number };
  /** Processor time of the gateway's process per request that it answered. */
  readonly gatewayMicrosecondsPerRequest: number;
}

export interface SideSummary {
  readonly completed: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: Readonly<Record<string, number>>;
}

export interface ComparisonOptions {
  readonly work: Work;
  readonly clients: number;
  readonly rounds: number;
  readonly seconds: number;
}

interface Round {
  readonly bare: Block;
  readonly gateway: Block;
}

/** Runs comparisons against one target. Connections are kept from one to the next. */
export class Comparer {
  readonly #signatories: Signatories;
  readonly #gateway: GatewayUnderTest;
  readonly #bare: ServiceClients;
  readonly #through: ServiceClients;

  constructor(bare: SigningUrls, gateway: GatewayUnderTest, signatories: Signatories, maxClients: number) {
    this.#signatories = signatories;
    this.#gateway = gateway;
    this.#bare = clientsOf(bare, maxClients);
    this.#through = clientsOf(gateway.urls, maxClients);
  }

  /** Does the work for a while on both sides, unmeasured: compilers and connection pools settle. */
  async warmUp(work: Work, clients: number, seconds: number): Promise<void> {
    for (const side of [this.#bare, this.#through]) await this.#block(side, { work, clients, seconds, rounds: 1 });
  }

  async compare(options: ComparisonOptions): Promise<Comparison> {
    const before = await this.#gateway.work();
    const rounds: Round[] = [];
    for (let index = 0; index < options.rounds; index += 1) rounds.push(await this.#round(options, index));
    const after = await this.#gateway.work();
    const perRequest = (after.cpuMicroseconds - before.cpuMicroseconds) / (after.requests - before.requests);
    return summary(options, rounds, perRequest);
  }

  close(): void {
    for (const client of [...Object.values(this.#bare), ...Object.values(this.#through)]) client.close();
  }

  /** A single client takes turns request by request, many take turns block by block, each side first every other time. */
  async #round(options: ComparisonOptions, index: number): Promise<Round> {
    if (options.clients === 1) {
      const [signatory] = await this.#signatories.take(1);
      if (!signatory) throw new Error('expected a signatory');
      const work = (side: ServiceClients) => () => options.work.run(side, signatory);
      const [bare, gateway] = await runInTurn(work(this.#bare), work(this.#through), options.seconds * 2);
      return { bare, gateway };
    }
    if (index % 2 === 0) {
      const bare = await this.#block(this.#bare, options);
      return { bare, gateway: await this.#block(this.#through, options) };
    }
    const gateway = await this.#block(this.#through, options);
    return { bare: await this.#block(this.#bare, options), gateway };
  }

  async #block(side: ServiceClients, { work, clients, seconds }: ComparisonOptions): Promise<Block> {
    const signatories = await this.#signatories.take(clients);
    return await runBlock(
      signatories.map((signatory) => () => work.run(side, signatory)),
      seconds,
    );
  }
}

function clientsOf(urls: SigningUrls, connections: number): ServiceClients {
  return {
    fulcio: new LoadClient(urls.fulcio, connections),
    rekor: new LoadClient(urls.rekor, connections),
    timestamp: new LoadClient(urls.timestamp, connections),
  };
}

function summary({ work, clients }: ComparisonOptions, rounds: readonly Round[], microseconds: number): Comparison {
  const ratios = rounds.map(({ bare, gateway }) => rounded(gateway.perSecond / bare.perSecond));
  const added = (share: number) =>
    rounded(
      median(rounds.map(({ bare, gateway }) => quantile(gateway.latencies, share) - quantile(bare.latencies, share))),
    );
  return {
    work: work.name,
    clients,
    bare: sideOf(rounds.map(({ bare }) => bare)),
    gateway: sideOf(rounds.map(({ gateway }) => gateway)),
    rateRatio: median(ratios),
    rateRatios: ratios,
    addedMs: { p50: added(0.5), p99: added(0.99) },
    gatewayMicrosecondsPerRequest: rounded(microseconds),
  };
}

function sideOf(blocks: readonly Block[]): SideSummary {
  const latencies = blocks.flatMap((block) => block.latencies);
  const errors: Record<string, number> = {};
  for (const block of blocks) {
    for (const [text, count] of Object.entries(block.errors)) errors[text] = (errors[text] ?? 0) + count;
  }
  return {
    completed: latencies.length,
    perSecond: rounded(median(blocks.map(({ perSecond }) => perSecond))),
    p50Ms: rounded(quantile(latencies, 0.5)),
    p99Ms: rounded(quantile(latencies, 0.99)),
    errors,
  };
}
