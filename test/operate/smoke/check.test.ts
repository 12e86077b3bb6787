import { describe, expect, it } from '@jest/globals';
import type { SigstoreClient } from '../../../operate/clients/client.ts';
import { accepts, refuses } from '../../../operate/smoke/check.ts';
import { smokeOutcome } from '../../../operate/smoke/outcome.ts';
import { reasons } from '../../../operate/smoke/reasons.ts';

const client: SigstoreClient = {
  name: 'cosign',
  version: 'v3.1.2',
  initialize: async () => ({ accepted: true }),
  verify: async () => ({ accepted: true }),
};
const refused = (reason: string) => ({ accepted: false, reason }) as const;

describe('accepts', () => {
  it('passes a client that accepts', () => {
    expect(accepts('bundle', client, { accepted: true })).toEqual({
      name: 'bundle',
      client: 'cosign v3.1.2',
      expected: 'accepts',
      passed: true,
    });
  });

  it('fails one that refuses, with its reason', () => {
    expect(accepts('bundle', client, refused('bad'))).toMatchObject({ passed: false, reason: 'bad' });
  });
});

describe('refuses', () => {
  it('passes a client that refuses for the right reason', () => {
    expect(
      refuses('artifact', client, refused('invalid signature when validating'), /invalid signature/),
    ).toMatchObject({
      expected: 'refuses',
      passed: true,
    });
  });

  it('fails one that accepts', () => {
    expect(refuses('artifact', client, { accepted: true }, /./)).toMatchObject({ passed: false });
  });

  it.each(['connection refused', '', 'exit code 1'])('fails one that refuses for another reason: %j', (reason) => {
    expect(refuses('artifact', client, refused(reason), /invalid signature/)).toMatchObject({ passed: false, reason });
  });
});

describe('reasons', () => {
  it('tell what a client refuses apart from a broken setup', () => {
    const broken = [
      'exit code 1',
      'connect ECONNREFUSED 127.0.0.1:1',
      'no such file or directory',
      'dial tcp: i/o timeout',
      '',
    ];
    for (const words of Object.values(reasons).flatMap((each) => Object.values(each))) {
      expect(broken.filter((reason) => words.test(reason))).toEqual([]);
    }
  });
});

describe('smokeOutcome', () => {
  const good = accepts('bundle', client, { accepted: true });

  it('accepts checks that all passed', () => {
    expect(smokeOutcome([good, good])).toEqual({
      json: { checks: [good, good] },
      text: '  ✓ cosign v3.1.2 accepts bundle\n  ✓ cosign v3.1.2 accepts bundle\n2 checks passed\n',
    });
  });

  it('refuses an instance of which one check failed', () => {
    const bad = refuses('changed artifact', client, { accepted: true }, /./);
    const worse = accepts('bundle', client, refused('expired'));
    const failed = () => smokeOutcome([good, bad, worse]);
    expect(failed).toThrowToolkit('OPS_SMOKE_FAILED', { checks: [good, bad, worse] });
    expect(failed).toThrow(
      expect.objectContaining({
        fault: 'evidence',
        message:
          '2 of 3 checks failed:\ncosign v3.1.2, changed artifact: expected that it refuses\ncosign v3.1.2, bundle: expected that it accepts, it said: expired',
      }),
    );
  });
});
