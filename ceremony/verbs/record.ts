import { relative } from 'node:path';
import type { Invocation } from '../../src/cli/command.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { readFileCapped } from '../../src/core/files.ts';
import { maxPacketBytes } from '../packet/packet.ts';
import type { EventLayout } from '../root-signing/layout.ts';
import { appendEntry } from '../transcript/append.ts';
import type { Act } from '../transcript/entry.ts';
import { actorOf, toolOf } from './settings.ts';

export interface RecordedAct {
  readonly verb: string;
  /** Files that were read and written, by path. */
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  /** The step of the script that this was. */
  readonly step?: string;
  readonly decision?: string;
  readonly note?: string;
}

/** Adds what was done to the transcript of its event, and returns the head of it. */
export async function recordAct(invocation: Invocation, event: EventLayout, act: RecordedAct): Promise<string> {
  const { verb, step, decision, note, inputs = [], outputs = [] } = act;
  const entry: Act = {
    at: invocation.clock.now(),
    actor: actorOf(invocation),
    tool: toolOf(invocation),
    verb,
    inputs: await digests(event, inputs),
    outputs: await digests(event, outputs),
    ...(step !== undefined && { step }),
    ...(decision !== undefined && { decision }),
    ...(note !== undefined && { note }),
  };
  return (await appendEntry(event.transcript, entry)).head;
}

async function digests({ directory }: EventLayout, paths: readonly string[]): Promise<Record<string, string>> {
  const entries = paths.map(async (path) => {
    const inside = relative(directory, path);
    // A place outside the event says nothing to who reads the transcript later: the name does.
    const name = inside.startsWith('..') ? (path.split('/').at(-1) ?? path) : inside;
    return [name, sha256Hex(await readFileCapped(path, maxPacketBytes))] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
