import { readdir } from 'node:fs/promises';
import { isErrno } from '../../src/core/error.ts';
import { pathExists } from '../../src/core/files.ts';
import { unreadable } from '../../src/core/unreadable.ts';
import type { EventLayout, RootSigningLayout } from './layout.ts';

/** Returns the events that were planned and not published yet, by name. */
export async function openEvents(layout: RootSigningLayout): Promise<readonly EventLayout[]> {
  const names = await readdir(layout.events).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    throw unreadable(layout.events, error);
  });
  const events = names.sort().map((name) => layout.event(name));
  const open = await Promise.all(
    events.map(async ({ plan, result }) => (await pathExists(plan)) && !(await pathExists(result))),
  );
  return events.filter((_, index) => open[index]);
}
