import { parseHex } from '../../src/core/bytes.ts';
import { formatInstant } from '../../src/core/clock.ts';
import { readFileCapped } from '../../src/core/files.ts';
import { type Format, formatDocument, parseFormatted } from '../../src/core/formatted.ts';
import { type JsonObject, toJson } from '../../src/core/json.ts';
import { list, object, optional, parsed, text } from '../../src/core/shape.ts';
import { wordLines } from '../../src/core/words.ts';
import { ownersInPlan } from '../owners.ts';
import type { Review } from '../review/review.ts';
import type { EventLayout } from '../root-signing/layout.ts';
import type { CeremonyScript, ScriptStep } from '../transcript/script.ts';

/** Returns the script of an event: who does what in which order, from the frozen plan. */
export function scriptOf(review: Review): CeremonyScript {
  const { plan, planDigest, policy, frozen } = review;
  const signers = signersOf(review);
  return {
    title: `${plan.kind}: ${plan.reason}`,
    event: plan.event,
    revision: plan.revision,
    planDigest,
    words: wordLines(parseHex(planDigest)),
    rehearsal: plan.rehearsal,
    participants: [
      { name: '', part: 'Coordinator' },
      { name: '', part: 'Witness' },
      ...signers.map((id) => ({ name: policy.holders.find((holder) => holder.id === id)?.name ?? id, part: 'Holder' })),
    ],
    steps: stepsOf(review, signers),
    payloads: frozen.payloads.map(({ role, version, digest }) => ({
      role,
      version,
      digest,
      words: wordLines(parseHex(digest)),
    })),
  };
}

const stepsFormat: Format<{ readonly steps: readonly ScriptStep[] }> = {
  name: 'sigstead-script/v1',
  read: object({
    steps: list(
      parsed(
        object({ id: text, who: text, what: text, command: optional(text), expect: optional(text) }),
        withoutAbsent,
      ),
    ),
  }),
  maxBytes: 1 << 20,
  code: 'CER_SCRIPT_FILE',
  hint: 'put back the script.json that `sigstead ceremony freeze` wrote',
};

export function formatSteps({ steps }: CeremonyScript): string {
  return formatDocument(stepsFormat, toJson({ steps }) as JsonObject);
}

/** @throws CER_SCRIPT_FILE, CORE_FILE_MISSING, CORE_JSON */
export async function readSteps({ steps }: EventLayout): Promise<readonly ScriptStep[]> {
  return parseFormatted(await readFileCapped(steps, stepsFormat.maxBytes), stepsFormat, steps).steps;
}

function withoutAbsent({
  command,
  expect,
  ...step
}: {
  id: string;
  who: string;
  what: string;
  command: string | undefined;
  expect: string | undefined;
}): ScriptStep {
  return { ...step, ...(command !== undefined && { command }), ...(expect !== undefined && { expect }) };
}

/** Everybody whose key some quorum lists, by the root in force and by the next. */
function signersOf({ frozen, policy }: Review): readonly string[] {
  const owners = new Set(ownersInPlan(frozen).values());
  const known = policy.holders.map(({ id }) => id).filter((id) => owners.delete(id));
  return [...known, ...owners];
}

function stepsOf({ plan }: Review, signers: readonly string[]): readonly ScriptStep[] {
  const { event } = plan;
  const verb = (words: string) => `sigstead ceremony ${words}`;
  return [
    {
      id: 'plan',
      who: 'Coordinator',
      what: `Read the words of the plan aloud. It can be signed until ${formatInstant(plan.signUntil)}.`,
      expect: 'Everybody has the same words.',
    },
    {
      id: 'packet',
      who: 'Coordinator',
      what: 'Give each holder the packet.',
      command: verb(`packet export ${event} --to ${event}.packet.json`),
    },
    ...signers.map((id) => ({
      id: `sign-${id}`,
      who: id,
      what: 'On your own machine, without a network: read the whole screen, compare the words, then sign.',
      command: verb(`sign --packet ${event}.packet.json --signer URI --to .`),
      expect: 'The keys, files and dates that you were told of, and nothing else. The coordinator adds the file.',
    })),
    { id: 'assemble', who: 'Coordinator', what: 'Put the signed files together.', command: verb(`assemble ${event}`) },
    { id: 'publish', who: 'Coordinator', what: 'Publish.', command: verb(`publish ${event} --to STORE`) },
    {
      id: 'verify',
      who: 'Witness',
      what: 'On another machine, verify what is published, from a root that you had before.',
      command: verb(`verify --metadata URL --root FILE --event ${event}`),
    },
  ];
}
