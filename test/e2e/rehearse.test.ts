import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runProgram } from '../../src/process/run-program.ts';
import { actOf, commandsOfHandbook } from '../support/handbook.ts';
import { projectDirectory } from '../support/instance.ts';

interface Rehearsal {
  readonly rehearsal: true;
  readonly signer: string;
  readonly events: readonly {
    readonly kind: string;
    readonly judges: readonly { readonly judge: string; readonly verdict: string }[];
  }[];
  readonly commands: readonly (readonly string[])[];
}

let scratch: string;
let rehearsal: Rehearsal;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  const ran = await runProgram({
    file: join(projectDirectory, 'bin', 'sigstead'),
    args: ['ceremony', 'rehearse', '--signer', 'softhsm', '--json', '--keep', join(scratch, 'stage')],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? scratch,
      ...optional('SIGSTEAD_SERVERS'),
      ...optional('XDG_CACHE_HOME'),
    },
    timeoutMs: 900_000,
  });
  if (ran.exitCode !== 0) throw new Error(ran.stderr);
  rehearsal = JSON.parse(ran.stdout) as Rehearsal;
}, 900_000);

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

describe('ceremony rehearse', () => {
  it('accepts every kind of event with software tokens, and so does every judge', () => {
    expect(rehearsal).toMatchObject({ rehearsal: true, signer: 'softhsm' });
    expect(rehearsal.events.map(({ kind }) => kind)).toEqual([
      'genesis',
      'renew',
      'update-targets',
      'replace-key',
      'replace-quorum',
      'add-holder',
      'remove-holder',
      'rotate-online',
      'revoke-key',
      'rotate-targets-keys',
      'recover-fast-forward',
    ]);
    for (const { judges } of rehearsal.events) {
      expect(judges.map(({ judge }) => judge.split(' ')[0])).toEqual(['sigstead', 'tuf-js', 'cosign']);
      expect(new Set(judges.map(({ verdict }) => verdict))).toEqual(new Set(['accepts']));
    }
  });

  it('stamps everything that holders see', async () => {
    const events = join(scratch, 'stage', 'root-signing', 'events');
    for (const event of await readdir(events)) {
      expect(await readFile(join(events, event, 'script.md'), 'utf8')).toContain('REHEARSAL');
      expect(JSON.parse(await readFile(join(events, event, 'plan.json'), 'utf8'))).toMatchObject({ rehearsal: true });
    }
  });

  it('runs every command of the handbook', async () => {
    const ran = new Set(rehearsal.commands.map(actOf));
    const commands = await commandsOfHandbook('docs/ceremony-handbook.md');
    expect(commands.length).toBeGreaterThan(30);
    // The rehearsal cannot rehearse itself.
    const missing = commands.filter((words) => words[1] !== 'rehearse' && !ran.has(actOf(words)));
    expect(missing.map((words) => words.join(' '))).toEqual([]);
  });
});

function optional(name: string): Record<string, string> {
  const value = process.env[name];
  return value === undefined ? {} : { [name]: value };
}
