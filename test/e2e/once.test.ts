import { chmod, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { markerOf, StateDirectory } from '../../local/state.ts';
import { readInstanceFacts } from '../../operate/instance-facts.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { findMarked } from '../../src/process/marked-processes.ts';
import { runProgram } from '../../src/process/run-program.ts';
import { fingerprintOf } from '../support/fingerprint.ts';
import { projectDirectory, sigsteadJson, temporaryDirectory, userEnvironment } from '../support/instance.ts';
import { commandLines, hasProc } from '../support/processes.ts';
import { expectRefusal } from '../support/refusals.ts';

/** Every field of the document that `up --once --json` prints. */
const proof = {
  instance: 'local',
  state: expect.any(String),
  tufUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
  rootFile: expect.stringMatching(/1\.root\.json$/),
  rootSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  rootSignedSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  issuer: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
  services: expect.arrayContaining(['fulcio', 'rekor-log2026-1', 'ct-ct2026-1', 'timestamp-tsa-1', 'timestamp-tsa-2']),
  phases: ['start', 'config', 'state', 'servers', 'keys', 'root', 'services', 'first signature', 'cosign'].map(
    (name) => ({
      name,
      ms: expect.any(Number),
    }),
  ),
  firstVerifiedSignatureMs: expect.any(Number),
  signatures: expect.arrayContaining([
    { signedBy: expect.stringMatching(/^sigstore-js /), verifiedBy: [expect.stringMatching(/^sigstore-js /)] },
    {
      signedBy: expect.stringMatching(/^cosign /),
      verifiedBy: [expect.stringMatching(/^cosign /), expect.stringMatching(/^sigstore-js /)],
    },
  ]),
};

describe('up --once', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let state: StateDirectory;
  let first: Awaited<ReturnType<typeof sigsteadJson>>;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    state = new StateDirectory(join(directory.path, 'state'));
    first = await sigsteadJson(['up', '--once', '--state', state.path]);
  }, 150_000);

  afterAll(async () => {
    await directory[Symbol.asyncDispose]();
  });

  it('prints one document, leaves nothing running and keeps the state directory that was named', async () => {
    expect(first).toMatchObject({ exitCode: 0, document: { ...proof, state: state.path } });
    expect(await findMarked(await markerOf(state, await readInstanceFacts(state)))).toEqual([]);
  });

  it('started by npm, prints the same but for paths, and removes its temporary state', async () => {
    const temporary = join(directory.path, 'tmp');
    await mkdir(temporary);
    const { exitCode, stdout } = await runProgram({
      file: 'npm',
      args: ['start', '--silent', '--', '--once', '--json'],
      env: userEnvironment({ TMPDIR: temporary }),
      cwd: projectDirectory,
      timeoutMs: 120_000,
    });
    expect(exitCode).toBe(0);
    const document = JSON.parse(stdout) as JsonObject;
    expect(document).toMatchObject({ ...proof, state: null, rootFile: null });
    expect(Object.keys(document)).toEqual(Object.keys(first.document));
    expect((await readdir(temporary)).filter((name) => name.startsWith('sigstead-'))).toEqual([]);
    await expect(fetch(`${document['tufUrl']}/timestamp.json`)).rejects.toThrow('fetch failed');
    if (hasProc)
      expect([...(await commandLines()).values()].flat().filter((word) => word.includes(temporary))).toEqual([]);
  }, 150_000);

  describe('refuses, and leaves the state directory as it was,', () => {
    let before: Readonly<Record<string, string>>;

    beforeAll(async () => {
      before = await fingerprintOf(state);
    });

    afterEach(async () => {
      expect(await fingerprintOf(state)).toEqual(before);
    });

    /** Runs `up` on the state directory while a file of it has other content. */
    async function upWith(file: string, change: (content: string) => string) {
      const content = await readFile(file, 'utf8');
      try {
        await writeFile(file, change(content));
        return await up();
      } finally {
        await writeFile(file, content);
      }
    }

    const up = (...args: readonly string[]) => sigsteadJson(['up', '--once', '--state', state.path, ...args]);

    it('a state directory of a newer version', async () => {
      const refused = await upWith(state.factsFile, (facts) => facts.replace('"version": 1', '"version": 2'));
      const names = [state.factsFile, 'expected version 1, got 2'];
      expectRefusal(refused, { exitCode: 3, code: 'LOCAL_STATE_NEWER', names });
    });

    it('facts that are cut off', async () => {
      const refused = await upWith(state.factsFile, (facts) => facts.slice(0, 40));
      expectRefusal(refused, { exitCode: 3, code: 'CORE_JSON', names: [state.factsFile] });
    });

    it('the configuration of another instance', async () => {
      const file = await configuration((text) => text.replace('name: local', 'name: acme'));
      const names = [state.path, 'the instance acme', 'got local'];
      expectRefusal(await up('--config', file), { exitCode: 3, code: 'LOCAL_STATE_OTHER_INSTANCE', names });
    });

    it('a configuration with mistakes, all at once with their lines and columns', async () => {
      const file = await configuration((text) => `${text.replace('timestamps:', 'timestamp:')}\ninstance: {}\n`);
      const refused = await up('--config', file);
      const names = ['timestamps: missing', 'timestamp: unknown key', 'instance: duplicate key'];
      expectRefusal(refused, { exitCode: 3, code: 'CFG_INVALID', names });
      const places = refused.stderr.split('\n').filter((line) => /minimal\.yaml:\d+:\d+: /.test(line));
      expect(places).toHaveLength(names.length);
    });

    it('a port that another process has taken, and names that process', async () => {
      const port = (await readInstanceFacts(state)).ports['edge/tuf'] ?? 0;
      const squatter = createServer();
      await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
      try {
        const names = [`port ${port}`, `(pid ${process.pid})`];
        expectRefusal(await up(), { exitCode: 5, code: 'LOCAL_PORT_IN_USE', names });
      } finally {
        await new Promise((resolve) => squatter.close(resolve));
      }
    });

    it('a key file that others can read, and says how to mend it', async () => {
      const path = join(state.keys, 'fulcio.pem');
      await chmod(path, 0o644);
      const refused = await up().finally(() => chmod(path, 0o600));
      expectRefusal(refused, { exitCode: 3, code: 'CORE_SECRET_MODE', names: [path, '0644'] });
      expect(refused.stderr).toMatch(/^sigstead: hint: .*chmod 600 /m);
      expect(refused.stderr).toContain(`chmod 600 ${path}`);
    });

    it.each(['rekor-log2026-1', 'holder-alice'])('a passphrase that does not open the key %s', async (key) => {
      const refused = await upWith(join(state.keys, `${key}.passphrase`), (passphrase) => `${passphrase}x`);
      expectRefusal(refused, { exitCode: 3, code: 'KEY_PASSPHRASE', names: [join(state.keys, `${key}.pem`)] });
    });

    /** Returns the path of the smallest example, changed. */
    async function configuration(change: (text: string) => string): Promise<string> {
      const examples = join(projectDirectory, 'examples');
      const copy = join(directory.path, 'config');
      await cp(examples, copy, { recursive: true });
      const file = join(copy, 'minimal.yaml');
      await writeFile(file, change(await readFile(file, 'utf8')));
      return file;
    }
  });
});
