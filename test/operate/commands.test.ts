import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { StateDirectory } from '../../local/state.ts';
import { downCommand } from '../../operate/down.ts';
import { loginCommand } from '../../operate/login.ts';
import { logsCommand } from '../../operate/logs.ts';
import { smokeCommand } from '../../operate/smoke.ts';
import { trustCompileCommand, trustDiffCommand, trustLintCommand } from '../../operate/trust-commands.ts';
import type { Command } from '../../src/cli/command.ts';
import type { Clock } from '../../src/core/clock.ts';
import { now } from '../src/trust/sample.ts';
import { type Ran, runCommand } from '../support/invocation.ts';
import { type LocalState, localState, recordUp } from '../support/local-state.ts';

let local: LocalState;
let state: StateDirectory;
beforeEach(async () => {
  local = await localState();
  state = local.state;
});
afterEach(async () => await local[Symbol.asyncDispose]());

const clock: Clock = { now: () => now };

async function run(command: Command, ...words: readonly string[]): Promise<Ran> {
  return await runCommand(command, words, { clock, environment: { SIGSTEAD_SERVERS: join(state.path, 'bin') } });
}

const ofState = (command: Command, ...words: readonly string[]) => run(command, ...words, '--state', state.path);
const elsewhere = () => ['--state', `${state.path}-other`] as const;

describe('logs', () => {
  beforeEach(async () => {
    await mkdir(state.logs);
    await writeFile(state.logOf('fulcio'), 'one\ntwo\nthree\n');
    await writeFile(state.logOf('ct-ct2026-1'), 'started\n');
    await writeFile(join(state.logs, 'notes.txt'), 'no log');
  });

  it('shows the end of every log, or of one', async () => {
    expect((await ofState(logsCommand)).outcome?.text).toBe(
      '==> ct-ct2026-1 <==\nstarted\n\n==> fulcio <==\none\ntwo\nthree\n',
    );
    const { outcome } = await ofState(logsCommand, 'fulcio', '--lines', '2');
    expect(outcome).toEqual({ json: { fulcio: 'two\nthree' }, text: 'two\nthree\n' });
  });

  it('refuses a service that has none, and lists those that have', async () => {
    await expect(ofState(logsCommand, '../keys/fulcio')).rejects.toThrowToolkit('OPS_UNKNOWN_SERVICE', {
      known: ['ct-ct2026-1', 'fulcio'],
    });
    await expect(run(logsCommand, 'fulcio', ...elsewhere())).rejects.toThrowToolkit('OPS_NO_INSTANCE');
  });

  it.each(['0', '-1', '1.5', '10001', 'all', ''])('refuses --lines=%s', async (lines) => {
    await expect(ofState(logsCommand, `--lines=${lines}`)).rejects.toThrowToolkit('CLI_USAGE');
  });
});

describe('down', () => {
  it.each(['the state directory', 'another place'])(
    'has nothing to stop in %s where nothing was ever up',
    async (place) => {
      const words = place === 'another place' ? elsewhere() : (['--state', state.path] as const);
      expect((await run(downCommand, ...words)).outcome?.json).toEqual({
        state: words[1],
        result: 'nothing to stop',
        orphans: 0,
      });
      expect(await readdir(state.path)).not.toContain('up.lock');
    },
  );

  it('clears away the record of an instance that was killed', async () => {
    await writeFile(state.lockFile, '');
    await writeFile(state.runningFile, '{"process":{"pid":1,"startedAt":"never"},"phase":"ready"}');
    expect((await ofState(downCommand)).outcome?.json).toMatchObject({ result: 'nothing to stop' });
    expect(await readdir(state.run)).toEqual([]);
  });
});

describe('login', () => {
  it('refuses a token for a test user of an instance that is not open for tests', async () => {
    await expect(ofState(loginCommand, '--test-user', 'dev@example.com')).rejects.toThrowToolkit('OPS_NOT_RUNNING');
    await recordUp(state, { clientId: 'sigstore' });
    await expect(ofState(loginCommand, '--test-user', 'dev@example.com')).rejects.toThrowToolkit(
      'OPS_TEST_GRANT_CLOSED',
    );
  });
});

describe('smoke', () => {
  it.each(['foo', 'cosign,foo', 'cosign,', ''])(
    'refuses --clients=%s, and lists those that it knows',
    async (names) => {
      const refused = run(smokeCommand, ...elsewhere(), `--clients=${names}`);
      await expect(refused).rejects.toThrowToolkit('CLI_USAGE');
      await expect(refused).rejects.toThrow(
        /^--clients: expected names of cosign, sigstore-js, sigstore-python, got (foo|nothing)$/,
      );
    },
  );

  it('refuses an instance that is not open for tests before it looks for a client, and says how to open it', async () => {
    await recordUp(state);
    const refused = ofState(smokeCommand);
    await expect(refused).rejects.toThrowToolkit('OPS_TEST_GRANT_CLOSED', { state: state.path });
    const hint = expect.stringContaining(`sigstead up --test-grant --state ${state.path}`);
    await expect(refused).rejects.toThrow(expect.objectContaining({ hint }));
  });

  it('refuses an instance that is not up, and says how to start one that is open for tests', async () => {
    const refused = ofState(smokeCommand);
    await expect(refused).rejects.toThrowToolkit('OPS_NOT_RUNNING', { state: state.path });
    const hint = `start it with: sigstead up --test-grant --state ${state.path}`;
    await expect(refused).rejects.toThrow(expect.objectContaining({ hint }));
  });

  it('refuses to go on without a client that was asked for', async () => {
    await recordUp(state, { testGrant: true, clientId: 'sigstore' });
    const missing = ofState(smokeCommand, '--clients', 'sigstore-python');
    await expect(missing).rejects.toThrowToolkit('OPS_CLIENT_MISSING', { client: 'sigstore-python' });
  });
});

describe('trust', () => {
  const compiled = async (name: string) => {
    const out = join(state.path, name);
    return { out, ran: await ofState(trustCompileCommand, '--out', out) };
  };

  it('compiles files that lint accepts and between which diff sees nothing', async () => {
    const [one, two] = [await compiled('one'), await compiled('two')];
    expect((await readdir(one.out)).sort()).toEqual(
      expect.arrayContaining(['signing_config.v0.2.json', 'trusted_root.json']),
    );
    const lint = await run(trustLintCommand, one.out);
    expect(lint.outcome?.exitCode).toBe(0);
    const diff = await run(trustDiffCommand, one.out, two.out);
    expect(diff.outcome).toEqual({ json: { changes: [] }, text: 'nothing that a client would notice has changed\n' });
  });

  it('compiles the same again, and refuses to overwrite anything else', async () => {
    const { out, ran } = await compiled('trust');
    expect((await compiled('trust')).ran).toEqual(ran);
    await writeFile(join(out, 'trusted_root.json'), '{}');
    await expect(compiled('trust')).rejects.toThrowToolkit('CORE_FILE_EXISTS');
  });

  it('says of a broken file which rule it breaks, and ends with 3', async () => {
    const { out } = await compiled('trust');
    await writeFile(join(out, 'trusted_root.json'), '{"mediaType":"x"}');
    const { outcome } = await run(trustLintCommand, out);
    expect(outcome?.exitCode).toBe(3);
    expect(outcome?.text).toMatch(/^error /);
  });

  it('shows what a file says on one line, without escape sequences', async () => {
    const { out } = await compiled('trust');
    const file = join(out, 'trusted_root.json');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('{', '{"\\u001b[2J\\u0007evil\\nerror forged": 1,'));
    const { outcome } = await run(trustLintCommand, out);
    expect(outcome?.text).toMatch(/^error .*evil error forged/m);
    expect(outcome?.text).not.toMatch(/[^\P{Cc}\n]/u);
  });

  it('shows a change on one line, without escape sequences', async () => {
    const [one, two] = [await compiled('one'), await compiled('two')];
    const file = join(two.out, 'trusted_root.json');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replaceAll(/"organization": ?"/g, '$&\\u001b[2J\\u0007evil\\nforged '));
    const { outcome } = await run(trustDiffCommand, one.out, two.out);
    expect(outcome?.text).toContain('evil');
    expect(outcome?.text).not.toMatch(/[^\P{Cc}\n]|^forged/mu);
  });

  it('says a sentence for each change', async () => {
    const { out } = await compiled('trust');
    const changed = join(state.path, 'changed');
    await mkdir(changed);
    for (const name of await readdir(out)) await writeFile(join(changed, name), '{}');
    await expect(run(trustDiffCommand, out, changed)).rejects.toThrowToolkit('TRUST_FORMAT');
    await expect(run(trustDiffCommand, out, join(state.path, 'missing'))).rejects.toThrowToolkit('CORE_FILE_MISSING');
  });

  it('refuses to compile where no instance was ever up', async () => {
    await expect(run(trustCompileCommand, ...elsewhere())).rejects.toThrowToolkit('OPS_NO_INSTANCE');
  });
});
