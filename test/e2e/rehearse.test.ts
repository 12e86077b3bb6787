import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TUFClient } from '@freedomofpress/tuf-browser';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runProgram } from '../../src/process/run-program.ts';
import { serveDirectory } from '../support/file-server.ts';
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

const kinds = [
  'genesis',
  'renew',
  'update-targets',
  'replace-key',
  'replace-quorum',
  'add-holder',
  'remove-holder',
  'set-threshold',
  'rotate-online',
  'revoke-key',
  'rotate-targets-keys',
  'recover-fast-forward',
  'delegate',
  'undelegate',
];

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
    expect(rehearsal.events.map(({ kind }) => kind)).toEqual([...kinds, 'ca-genesis', 'ca-issue']);
    for (const { kind, judges } of rehearsal.events) {
      const expected = kind.startsWith('ca-') ? ['node:crypto', 'openssl'] : ['sigstead', 'tuf-js', 'cosign'];
      expect(judges.map(({ judge }) => judge.split(' ')[0])).toEqual(expected);
      expect(new Set(judges.map(({ verdict }) => verdict))).toEqual(new Set(['accepts']));
    }
  });

  it.each(kinds)('publishes after %s what tuf-browser accepts, from the first root', async (kind) => {
    await using server = await serveDirectory(join(scratch, 'stage', 'published-after', kind));
    const root = await readFile(join(scratch, 'stage', '1.root.json'), 'utf8');
    const client = new TUFClient(`${server.url}/`, root, 'test', `${server.url}/targets/`, { disableCache: true });
    await client.updateTUF();
    expect(await client.listSignedTargets()).toEqual(expect.arrayContaining(['trusted_root.json']));
    expect((await client.getTarget('trusted_root.json')).byteLength).toBeGreaterThan(1000);
  });

  const python = pythonOfSigstore();
  (python ? it : it.skip).each(kinds)(
    `${python ? '' : 'SKIPPED, sigstore-python is absent: '}publishes after %s what python-tuf accepts, from the first root`,
    async (kind) => {
      await using server = await serveDirectory(join(scratch, 'stage', 'published-after', kind));
      const script = join(projectDirectory, 'test', 'support', 'python-tuf.py');
      const ran = await runProgram({
        file: python ?? '',
        args: [script, server.url, join(scratch, 'stage', '1.root.json'), join(scratch, `python-${kind}`)],
        env: { PATH: '/usr/bin:/bin' },
        timeoutMs: 60_000,
      });
      expect({ says: ran.stdout.trim(), stderr: ran.stderr }).toEqual({ says: 'accepted', stderr: '' });
    },
    90_000,
  );

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

/** Its environment has python-tuf too, on which it stands. */
function pythonOfSigstore(): string | undefined {
  const sigstore = process.env['SIGSTEAD_SIGSTORE_PYTHON'];
  return sigstore === undefined ? undefined : join(dirname(sigstore), 'python');
}

function optional(name: string): Record<string, string> {
  const value = process.env[name];
  return value === undefined ? {} : { [name]: value };
}
