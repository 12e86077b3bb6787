import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes } from '../../src/core/bytes.ts';
import { isErrno, ToolkitError } from '../../src/core/error.ts';
import { readFileIfPresent } from '../../src/core/files.ts';
import type { Finding } from '../../src/core/rules.ts';
import { unreadable } from '../../src/core/unreadable.ts';
import { maxMetadataBytes } from '../../src/tuf/layout.ts';
import type { Event } from '../event/event.ts';
import { openEvent } from '../event/event.ts';
import { stalenessOf } from '../event/staleness.ts';
import { listHolders } from '../holders/key-directory.ts';
import type { Review } from '../review/review.ts';
import type { RootSigning } from '../root-signing/open.ts';
import { openEvents } from '../root-signing/open-events.ts';
import { maxTranscriptBytes, verifyTranscript } from '../transcript/transcript.ts';

export interface LintDirectoryOptions {
  readonly rootSigning: RootSigning;
  /** Judges an open event as its holders will. */
  readonly review: (event: Event) => Review;
  readonly now: Date;
}

/**
 * Says what is wrong, or will be, with a root-signing directory that can be opened: that alone has verified the record
 * and every proof in it.
 */
export async function lintDirectory(options: LintDirectoryOptions): Promise<readonly Finding[]> {
  const { rootSigning } = options;
  return [
    ...policyFindings(rootSigning),
    ...(await holderFindings(rootSigning)),
    ...(await recordFindings(rootSigning)),
    ...(await attributeFindings(rootSigning)),
    ...(await eventFindings(options)),
    ...(await transcriptFindings(rootSigning)),
  ];
}

function policyFindings({ policy }: RootSigning): readonly Finding[] {
  return policy.warnings.map(({ rule, path, message, hint }) => ({
    rule,
    severity: 'warning',
    where: `policy.yaml ${path}`,
    message,
    ...(hint !== undefined && { hint }),
  }));
}

async function holderFindings({ layout, policy, holders }: RootSigning): Promise<readonly Finding[]> {
  const known = policy.holders.map(({ id }) => id);
  const strangers = (await listHolders(layout.directory)).filter((id) => !known.includes(id));
  const stored = [...holders].flatMap(([id, { main, targets }]) =>
    [main, targets].flatMap((key) =>
      (key?.findings ?? []).map((finding) => ({ ...finding, where: `keyholders/${id}: ${finding.where}` })),
    ),
  );
  const left = strangers.map((id) => ({
    rule: 'holder-in-policy',
    severity: 'warning' as const,
    where: `keyholders/${id}`,
    message: 'expected a holder of policy.yaml, got somebody whom it does not name',
    hint: 'keep the directory of a holder who left: it says whose key it was; delete one that was a mistake',
  }));
  return [...stored, ...left];
}

/** `root.json` is there for other tools: we read root_history/, and somebody may read the other. */
async function recordFindings({ layout, recorded }: RootSigning): Promise<readonly Finding[]> {
  if (!recorded) return [];
  const path = join(layout.metadata, 'root.json');
  const copy = await readFileIfPresent(path, maxMetadataBytes.root);
  if (copy && equalBytes(copy, recorded.root.bytes)) return [];
  return [
    {
      rule: 'root-copy',
      severity: 'error',
      where: 'metadata/root.json',
      message: `expected a copy of root_history/${recorded.root.version}.root.json, got ${copy ? 'something else' : 'nothing'}`,
      hint: 'somebody changed it, or a publication was interrupted: publish the last event again',
    },
  ];
}

async function attributeFindings({ layout }: RootSigning): Promise<readonly Finding[]> {
  const attributes = await readFileIfPresent(join(layout.directory, '.gitattributes'), 65_536);
  if (attributes && /^\*\s+-text\b/m.test(Buffer.from(attributes).toString('latin1'))) return [];
  return [
    {
      rule: 'no-text-conversion',
      severity: 'error',
      where: '.gitattributes',
      message: 'expected the line "* -text", got none',
      hint: 'a checkout that converts line ends changes what was signed; add the line',
    },
  ];
}

/** @throws CER_TRANSCRIPT_EDITED (evidence): an edited record is no finding among others */
async function transcriptFindings({ layout }: RootSigning): Promise<readonly Finding[]> {
  const directories = [...(await listDirectory(layout.events)), ...(await listDirectory(layout.caEvents))];
  for (const directory of directories) {
    const bytes = await readFileIfPresent(join(directory, 'transcript.jsonl'), maxTranscriptBytes);
    if (bytes) verifyTranscript({ bytes });
  }
  return [];
}

async function listDirectory(path: string): Promise<readonly string[]> {
  const names = await readdir(path).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    throw unreadable(path, error);
  });
  return names.map((name) => join(path, name));
}

async function eventFindings({ rootSigning, review, now }: LintDirectoryOptions): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const layout of await openEvents(rootSigning.layout)) {
    const event = await openEvent(layout);
    const stale = stalenessOf(event, rootSigning, now);
    if (stale !== undefined) {
      findings.push({
        rule: 'event-in-time',
        severity: 'warning',
        where: `events/${event.plan.event}`,
        message: stale,
      });
      continue;
    }
    try {
      findings.push(
        ...review(event).notes.map((note) => ({ ...note, where: `events/${event.plan.event}: ${note.where}` })),
      );
    } catch (error) {
      if (!(error instanceof ToolkitError)) throw error;
      const { code, message, hint } = error;
      findings.push({
        rule: code,
        severity: 'error',
        where: `events/${event.plan.event}`,
        message,
        ...(hint !== undefined && { hint }),
      });
    }
  }
  return findings;
}
