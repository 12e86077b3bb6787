import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { StateDirectory } from '../../local/state.ts';
import type { SigstoreClient, Verdict } from '../../operate/clients/client.ts';
import { proveSignature, Workbench } from '../../operate/proof.ts';
import { remoteSignatory, type Signatory } from '../../operate/signatory.ts';
import { pathExists } from '../../src/core/files.ts';
import { waitFor } from '../../src/core/wait.ts';
import { minimalConfig } from '../support/minimal-config.ts';

const signatory: Signatory = {
  anchor: { tufUrl: 'http://127.0.0.1:1', rootFile: '/root.json' },
  expected: { identity: 'dev@example.com', issuer: 'http://127.0.0.1:2' },
  token: async () => 'token',
};

interface Recorded extends SigstoreClient {
  readonly homes: string[];
}

function client(name: SigstoreClient['name'], answers: { initialize?: Verdict; verify?: Verdict } = {}): Recorded {
  const homes: string[] = [];
  return {
    name,
    version: '1.0.0',
    homes,
    initialize: async (_, home) => {
      homes.push(home);
      return answers.initialize ?? { accepted: true };
    },
    ...(name !== 'sigstore-python' && { sign: async ({ bundle }) => await writeFile(bundle, 'signed') }),
    verify: async ({ bundle }) => {
      expect(await readFile(bundle, 'utf8')).toBe('signed');
      return answers.verify ?? { accepted: true };
    },
  };
}

const refused: Verdict = { accepted: false, reason: 'bad root' };

describe('proveSignature', () => {
  it('accepts what every verifier accepts, each from a home of its own', async () => {
    const [cosign, python] = [client('cosign'), client('sigstore-python')];
    expect(await proveSignature(signatory, cosign, [cosign, python])).toEqual({
      signedBy: 'cosign 1.0.0',
      verifiedBy: ['cosign 1.0.0', 'sigstore-python 1.0.0'],
    });
    expect(cosign.homes).toHaveLength(1);
    expect(cosign.homes[0]).not.toBe(python.homes[0]);
    await expect(stat(cosign.homes[0] ?? '')).rejects.toThrow('ENOENT');
  });

  it('refuses when one verifier refuses the bundle', async () => {
    const proof = proveSignature(signatory, client('cosign'), [
      client('cosign'),
      client('sigstore-js', { verify: refused }),
    ]);
    await expect(proof).rejects.toThrowToolkit('OPS_VERIFY_FAILED', {
      client: 'sigstore-js',
      step: 'verify',
      reason: 'bad root',
    });
  });

  it('refuses only when every client has ended, and leaves nothing of theirs behind', async () => {
    const [refusal, late] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow = client('sigstore-js');
    const writesLate: SigstoreClient = {
      ...slow,
      initialize: async (anchor, home) => {
        await slow.initialize(anchor, home);
        await refusal.promise;
        const gone = waitFor(async () => !(await pathExists(home)), { what: 'a removal too early', timeoutMs: 200 });
        await gone.catch(() => undefined);
        await mkdir(join(home, 'tuf'), { recursive: true });
        late.resolve();
        return { accepted: true };
      },
    };
    const refuses: SigstoreClient = {
      ...client('sigstore-python'),
      verify: async () => {
        refusal.resolve();
        return refused;
      },
    };
    const proof = proveSignature(signatory, client('cosign'), [writesLate, refuses]);
    await expect(proof).rejects.toThrowToolkit('OPS_VERIFY_FAILED', { client: 'sigstore-python' });
    await late.promise;
    await expect(stat(dirname(slow.homes[0] ?? ''))).rejects.toThrow('ENOENT');
  });

  it('refuses when a client refuses the repository', async () => {
    const proof = proveSignature(signatory, client('cosign', { initialize: refused }), []);
    await expect(proof).rejects.toThrowToolkit('OPS_VERIFY_FAILED', { step: 'initialize from http://127.0.0.1:1' });
  });
});

describe('Workbench', () => {
  it('refuses to sign with a client that only verifies', async () => {
    await using bench = await Workbench.create();
    await expect(bench.sign(client('sigstore-python'), signatory, 'a')).rejects.toThrowToolkit('OPS_CANNOT_SIGN');
  });
});

describe('remoteSignatory', () => {
  const facts = {
    id: 'a',
    instanceName: 'a',
    domain: 'b',
    createdAt: new Date(),
    ports: { 'edge/tuf': 1, 'edge/oidc': 2 },
  };
  const state = new StateDirectory('/state');

  it('is the first test user', async () => {
    const config = await minimalConfig();
    const { anchor, expected } = remoteSignatory(config, state, facts);
    expect(anchor).toEqual({ tufUrl: 'http://127.0.0.1:1', rootFile: '/state/root-signing/1.root.json' });
    expect(expected).toEqual({ identity: 'dev@example.com', issuer: 'http://127.0.0.1:2' });
  });

  it('refuses a configuration without test users', async () => {
    const config = { ...(await minimalConfig()), issuers: [] };
    expect(() => remoteSignatory(config, state, facts)).toThrowToolkit('OPS_NO_TEST_USER', { file: config.file });
  });
});
