import { describe, expect, it } from '@jest/globals';
import { buildFailed } from '../../../local/servers/build-error.ts';

const failure = (stderr: string) => buildFailed('fulcio', { exitCode: 1, stdout: '', stderr });

describe('buildFailed', () => {
  it.each([
    ['go: example.test/a@v1.0.0: Get "https://proxy.test/a": dial tcp: lookup proxy.test: no such host', /network/],
    ['go: example.test/a@v1.0.0: reading https://proxy.test/a: 403 Forbidden', /network/],
    ['tls: failed to verify certificate: x509: certificate signed by unknown authority', /network/],
    ['write /tmp/x: no space left on device', /free some space/],
    ['go: download go1.26.8 for linux/amd64: toolchain not available', /install that version/],
    ['main.go:3:2: missing go.sum entry for module providing package example.test/a', /restore both/],
    ['./main.go:4:1: syntax error', /SIGSTEAD_SERVERS/],
  ])('gives a hint that fits %j', (stderr, hint) => {
    expect(failure(stderr)).toMatchObject({ code: 'LOCAL_BUILD_FAILED', fault: 'environment' });
    expect(failure(stderr).hint).toMatch(hint);
  });

  it('shows the last 15 lines', () => {
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`);
    expect(failure(lines.join('\n')).message.split('\n').slice(1)).toEqual(lines.slice(-15));
  });

  it.each(['verifying example.test/a@v1.0.0: checksum mismatch', 'SECURITY ERROR\nThis download does NOT match'])(
    'takes %j for evidence',
    (stderr) => {
      expect(failure(stderr)).toMatchObject({ code: 'LOCAL_MODULE_CHECKSUM', fault: 'evidence' });
    },
  );
});
