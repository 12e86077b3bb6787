import { describe, expect, it } from '@jest/globals';
import { outcomeOf, outcomeOnce, outcomeWithoutState } from '../../operate/up-report.ts';
import { sampleUpReport } from '../support/up-report.ts';

describe('outcomeOf', () => {
  it('says what is up, what it proved, and what clients need', () => {
    const { json, text } = outcomeOf(sampleUpReport);
    expect(text).toMatchInlineSnapshot(`
"
local is up: a private Sigstore with a root of trust signed by 3 of 5 holders.
  signed by sigstore-js 5.0.0, verified by sigstore-js 5.0.0
  first verified signature after 5.3 s

  TUF repository  http://127.0.0.1:20001
  issuer          http://127.0.0.1:20002
  root            /home/dev/.local/state/sigstead/local/root-signing/1.root.json
                  sha256 of the file         aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (--root-checksum)
                  sha256 of the signed bytes bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb

Use it with any Sigstore client:
  cosign initialize --mirror http://127.0.0.1:20001 --root /home/dev/.local/state/sigstead/local/root-signing/1.root.json
  cosign sign-blob FILE --bundle FILE.sigstore.json
  cosign verify-blob FILE --bundle FILE.sigstore.json --certificate-identity dev@example.com \\
    --certificate-oidc-issuer http://127.0.0.1:20002

"
`);
    expect(json).toMatchInlineSnapshot(`
{
  "firstVerifiedSignatureMs": 5340,
  "instance": "local",
  "issuer": "http://127.0.0.1:20002",
  "phases": [
    {
      "ms": 900,
      "name": "start",
    },
  ],
  "rootFile": "/home/dev/.local/state/sigstead/local/root-signing/1.root.json",
  "rootSha256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
  "rootSignedSha256": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
  "services": [
    "fulcio",
    "rekor-log2026-1",
  ],
  "signatures": [
    {
      "signedBy": "sigstore-js 5.0.0",
      "verifiedBy": [
        "sigstore-js 5.0.0",
      ],
    },
  ],
  "state": "/home/dev/.local/state/sigstead/local",
  "tufUrl": "http://127.0.0.1:20001",
}
`);
  });

  it('shows no signature where nobody could make one', () => {
    const report = { ...sampleUpReport, issuer: undefined, user: undefined, signatures: [] };
    const { json, text } = outcomeOf(report);
    expect(text).not.toMatch(/signed by sigstore|first verified/);
    expect(text).toContain('--certificate-identity YOU');
    expect(json).toMatchObject({ issuer: null, firstVerifiedSignatureMs: null, signatures: [] });
  });

  it('quotes what a shell would read otherwise', () => {
    const file = "/home/it's dev/1.root.json";
    const { text } = outcomeOf({ ...sampleUpReport, root: { ...sampleUpReport.root, file } });
    expect(text).toContain(String.raw`--root '/home/it'\''s dev/1.root.json'`);
  });
});

describe('outcomeOnce', () => {
  it('says that it was up, and how to start it again, and shows no address', () => {
    const { json, text } = outcomeOnce(sampleUpReport);
    expect(text).toContain('local was up: ');
    expect(text).toContain(`sigstead up --state ${sampleUpReport.state}\n`);
    expect(text).not.toContain('http');
    expect(json).toEqual(outcomeOf(sampleUpReport).json);
  });
});

describe('outcomeWithoutState', () => {
  it('says what was proved, and no path that is gone', () => {
    const { json, text } = outcomeWithoutState(sampleUpReport);
    expect(text).toMatchInlineSnapshot(`
"
local was up: a private Sigstore with a root of trust signed by 3 of 5 holders.
  signed by sigstore-js 5.0.0, verified by sigstore-js 5.0.0
  first verified signature after 5.3 s

It was stopped and its temporary state removed. For one that stays: sigstead up
"
`);
    expect(json).toMatchObject({ state: null, rootFile: null, tufUrl: sampleUpReport.tufUrl });
  });
});
