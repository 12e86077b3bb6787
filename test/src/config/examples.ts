/** A valid configuration whose lines the tests change, one at a time. */
export const validConfig = `instance: { name: acme, domain: sigstore.acme.example }
root: root-signing/policy.yaml
issuers:
  - { preset: github-actions }
  - { preset: custom, url: https://idp.acme.example/, type: email }
  - { preset: local, users: [{ email: dev@example.com }, { email: ops@example.com }] }
fulcio: { key: file }
logs:
  rekor: [{ shard: log2026-1, key: file }]
  ct:    [{ shard: ct2026-1, key: file }]
timestamps:
  - { name: tsa-1, key: file }
  - { name: tsa-2, key: file }
selection: { timestamps: any }
aws: { account: "012345678901", regions: [eu-central-1] }
`;

/** A valid root policy whose lines the tests change. */
export const validPolicy = `holders:
  - { id: alice, name: Alice }
  - { id: bob, name: Bob }
  - { id: carol, name: Carol }
root: { threshold: 2, expiryDays: 197, resignDays: 60 }
targets: { threshold: 2, holders: [alice, bob, carol], expiryDays: 90, resignDays: 30 }
online: { key: file }
snapshot: { expiryDays: 14, resignDays: 7 }
timestamp: { expiryDays: 7, resignDays: 6 }
`;

/** Replaces one line, which starts with `start` (after its indentation). */
export function withLine(text: string, start: string, replacement: string): string {
  const lines = text.split('\n');
  const found = lines.filter((line) => line.trimStart().startsWith(start));
  if (found.length !== 1) throw new Error(`expected one line that starts with ${start}, got ${found.length}`);
  return lines.map((line) => (line === found[0] ? replacement : line)).join('\n');
}
