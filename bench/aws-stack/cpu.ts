/** Seconds of processor time since their start, by the name of who spent them; and of the whole machine. */
export interface CpuReading {
  /** When it was read, in seconds of a clock that only goes on. */
  readonly at: number;
  readonly parties: Readonly<Record<string, number>>;
  readonly machine: number;
}

/** Processor time of a while. */
export interface CpuUse {
  /** How long the while was. */
  readonly seconds: number;
  readonly parties: Readonly<Record<string, number>>;
  /** Of all of them. */
  readonly total: number;
  /** Of everything on this machine: what is above the total was somebody else's, or the kernel's own. */
  readonly machine: number;
}

/** A party that was not there before has spent nothing before. */
export function cpuBetween(before: CpuReading, after: CpuReading): CpuUse {
  const entries = Object.entries(after.parties).map(
    ([name, spent]) => [name, Math.max(0, spent - (before.parties[name] ?? 0))] as const,
  );
  const total = entries.reduce((sum, [, spent]) => sum + spent, 0);
  return {
    seconds: after.at - before.at,
    parties: Object.fromEntries(entries),
    total,
    machine: after.machine - before.machine,
  };
}

export interface Share {
  readonly name: string;
  readonly cpuSeconds: number;
  /** Of what all parties spent. */
  readonly share: number;
  /** How many cores it kept busy. */
  readonly cores: number;
}

/** Who spent how much, the most first. */
export function sharesOf({ parties, total, seconds }: CpuUse): readonly Share[] {
  return Object.entries(parties)
    .map(([name, cpuSeconds]) => ({ name, cpuSeconds, share: cpuSeconds / total, cores: cpuSeconds / seconds }))
    .toSorted((a, b) => b.cpuSeconds - a.cpuSeconds);
}

/** From here on there is nothing left worth speaking of. */
const full = 0.9;
/** From here on it is not this that was measured. The kernel's own work is some of it. */
const disturbed = 0.15;

/** Says what had nothing left to give: a party that runs on one core, the machine, or neither. */
export function saturatedBy(
  use: CpuUse,
  machine: { readonly cores: number; readonly oneCore: readonly string[] },
): string {
  const shares = sharesOf(use);
  const [first] = shares;
  if (first === undefined) return 'nothing ran';
  const single = shares.find(({ name, cores }) => machine.oneCore.includes(name) && cores >= full);
  if (single) return `${single.name}: ${percent(single.cores)} of the one core that it can use`;
  const busy = use.machine / (use.seconds * machine.cores);
  if (busy < full) return `nothing: ${percent(busy)} of the machine was busy, and answers wait for checkpoints`;
  const foreign = (use.machine - use.total) / (use.seconds * machine.cores);
  const said = `the machine: ${percent(busy)} of its ${machine.cores} cores, ${first.name} the most of it`;
  return foreign < disturbed
    ? said
    : `${said}; but ${percent(foreign)} of the machine went to none of these: repeat this alone`;
}

export function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`;
}
