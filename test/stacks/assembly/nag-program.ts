import { addNag, type NagFinding, nagFindings } from '../../../lib/guardrails/nag.ts';
import { type Acknowledgement, acknowledgements } from '../../../lib/guardrails/nag-table.ts';
import { composeInstance } from '../../../lib/instance-stacks.ts';
import { instanceOf, newApp, profiles } from './synthesise.ts';

/** What `nag-program.ts` prints. */
export interface NagOutcome {
  /** By profile: what cdk-nag finds and nobody answered. */
  readonly unanswered: Readonly<Record<string, readonly NagFinding[]>>;
  /** Answers to what it finds in no profile. */
  readonly stale: readonly string[];
}

/* node nag-program.ts: holds every profile against cdk-nag, which takes many times as long inside of Jest. */
process.stdout.write(JSON.stringify(await nagOutcome()));

async function nagOutcome(): Promise<NagOutcome> {
  const found = await Promise.all(profiles.map(nagOf));
  const rows = new Map(found.flatMap(({ table }) => table.map((row) => [`${row.id} ${row.where}`, row] as const)));
  const stale = [...rows].filter(([, row]) => !found.some(({ before }) => before.some(isOf(row))));
  return {
    unanswered: Object.fromEntries(found.map(({ profile, after }) => [profile, after])),
    stale: stale.map(([name]) => name),
  };
}

async function nagOf(profile: (typeof profiles)[number]) {
  const instance = await instanceOf(profile);
  const app = newApp({ builtinCloudFormationValidation: false });
  composeInstance(app, instance);
  const before = nagFindings(app);
  addNag(app, instance);
  return { profile, before, after: nagFindings(app), table: acknowledgements(instance) };
}

function isOf({ id, where }: Acknowledgement) {
  return (finding: NagFinding) => finding.id === id && where.test(finding.path);
}
