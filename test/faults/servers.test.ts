import { describe, expect, it } from '@jest/globals';
import { isJsonObject, parseJsonObject } from '../../src/core/json.ts';
import { type FaultBench, faultBench, resume, withScript } from '../support/fault-bench.ts';
import { untilNothingRuns } from '../support/state-oracle.ts';
import { TracedUp, type UpEnd } from '../support/traced-up.ts';

const timeoutMs = 180_000;
const services = ['fulcio', 'ct-ct2026-1', 'rekor-log2026-1', 'timestamp-tsa-1'] as const;

async function kill(bench: FaultBench, service: string, signal: NodeJS.Signals): Promise<void> {
  const pid = (await bench.servers()).get(service);
  if (pid === undefined) throw new Error(`${service}: does not run`);
  process.kill(pid, signal);
}

/** Runs an `up` that must fail, with a script in the place of one server, and returns its error and what it said. */
async function failsWith(bench: FaultBench, environment: Readonly<Record<string, string>>) {
  const up = new TracedUp({ ...bench.options, args: ['--json'], environment });
  const { code, stdout, stderr } = await up.ended;
  const { error } = parseJsonObject(Buffer.from(stdout), { what: 'stdout', maxBytes: 1 << 20 });
  if (!isJsonObject(error)) throw new Error(`expected an error, got ${stdout}`);
  await untilNothingRuns(bench.directory, 1_000);
  return { code, stderr, error: { code: error['code'], message: String(error['message']) } };
}

function expectDeath(end: UpEnd, service: string): void {
  expect(end.code).toBe(5);
  // The end of the server's own log follows: any line that is not one of ours.
  expect(end.stderr).toMatch(
    new RegExp(`sigstead: error: ${service}: ended with SIGKILL; the end of its log:\n(?!sigstead:).+`),
  );
  expect(end.stderr).toContain(`sigstead: hint: see the whole log: sigstead logs ${service}`);
}

describe('a server that dies', () => {
  it.each(services)(
    'ends up with the end of its log, and all the others: %s',
    async (service) => {
      await using bench = await faultBench();
      const up = new TracedUp(bench.options);
      await up.reached('first-signature');
      await kill(bench, service, 'SIGKILL');
      expectDeath(await up.ended, service);
      await untilNothingRuns(bench.directory, 1_000);
      await resume(bench);
    },
    timeoutMs,
  );

  it.each(services)(
    'is what up reports while it still starts: %s',
    async (service) => {
      await using bench = await faultBench();
      const up = new TracedUp({
        ...bench.options,
        onReached: ({ moment, what }, self) => {
          if (moment === 'server-healthy' && what === service) {
            kill(bench, service, 'SIGKILL').catch(() => self.kill('SIGKILL'));
          }
        },
      });
      expectDeath(await up.ended, service);
      await untilNothingRuns(bench.directory, 1_000);
    },
    timeoutMs,
  );

  it.each(['tesseract', 'rekor', 'timestamp-server'] as const)(
    'as soon as it is started ends up before any server that starts after it: %s',
    async (name) => {
      await using bench = await faultBench();
      const environment = await withScript(bench, name, 'echo "cannot work here" >&2; exit 3');
      const { code, stderr, error } = await failsWith(bench, environment);
      expect({ code, error: error.code }).toEqual({ code: 5, error: 'LOCAL_SERVER_DIED' });
      expect(error.message).toMatch(/ended with exit code 3; the end of its log:\ncannot work here$/);
      expect(stderr).not.toContain('server-started fulcio');
    },
    timeoutMs,
  );
});

describe('a server that hangs', () => {
  it(
    'from its start on is given up, with the end of its log, even if it ignores SIGTERM',
    async () => {
      await using bench = await faultBench();
      const script = `trap '' TERM; echo "waiting for nothing"; while :; do sleep 1; done`;
      const { code, error } = await failsWith(bench, await withScript(bench, 'rekor', script));
      expect({ code, error: error.code }).toEqual({ code: 5, error: 'LOCAL_SERVER_UNHEALTHY' });
      expect(error.message).toMatch(
        /^rekor-log2026-1: did not answer .* within 30000 ms; the end of its log:\nwaiting for/,
      );
      await resume(bench);
    },
    timeoutMs,
  );

  it(
    'when up stops is killed after its grace',
    async () => {
      await using bench = await faultBench();
      const up = new TracedUp(bench.options);
      await up.reached('first-signature');
      await kill(bench, 'timestamp-tsa-1', 'SIGSTOP');
      up.kill('SIGINT');
      // Stopped by SIGSTOP, it ends by SIGKILL alone.
      expect(await up.ended).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('sigstead: reached: server-stopped timestamp-tsa-1\n'),
      });
      await untilNothingRuns(bench.directory, 1_000);
    },
    timeoutMs,
  );
});
