import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { choosePorts } from '../../local/ports.ts';
import { ensureServers } from '../../local/servers.ts';
import { silentProgress } from '../../src/core/progress.ts';
import { waitFor } from '../../src/core/wait.ts';
import { fulcioConfig } from '../../src/identity/fulcio-config.ts';
import type { FulcioIssuer } from '../../src/identity/issuer.ts';
import { type RunningProgram, startProgram } from '../../src/process/supervised-program.ts';
import { type FakeIssuer, startFakeIssuer } from '../support/fake-issuer.ts';

/** What the tokens of a GitHub Actions workflow say, of those claims that certificates are made of. */
const githubClaims = {
  sub: 'repo:acme/tool:ref:refs/heads/main',
  event_name: 'push',
  sha: 'a'.repeat(40),
  workflow: 'Release',
  repository: 'acme/tool',
  ref: 'refs/heads/main',
  job_workflow_ref: 'acme/workflows/.github/workflows/build.yml@refs/tags/v1',
  job_workflow_sha: 'b'.repeat(40),
  runner_environment: 'github-hosted',
  repository_id: '1',
  repository_owner: 'acme',
  repository_owner_id: '2',
  workflow_ref: 'acme/tool/.github/workflows/release.yml@refs/heads/main',
  workflow_sha: 'c'.repeat(40),
  run_id: '3',
  run_attempt: '1',
  repository_visibility: 'private',
};

const gitlabClaims = {
  sub: 'project_path:acme/tool:ref_type:branch:ref:main',
  ci_config_ref_uri: 'git.acme.example/acme/tool//.gitlab-ci.yml@refs/heads/main',
  ci_config_sha: 'a'.repeat(40),
  runner_environment: 'self-hosted',
  project_path: 'acme/tool',
  sha: 'b'.repeat(40),
  ref_type: 'branch',
  ref: 'main',
  project_id: '1',
  namespace_path: 'acme',
  namespace_id: '2',
  pipeline_source: 'push',
  job_id: '3',
  project_visibility: 'internal',
};

const buildkiteClaims = {
  sub: 'organization:acme:pipeline:tool',
  organization_slug: 'acme',
  pipeline_slug: 'tool',
  build_number: 7,
  job_id: 'job',
  runner_environment: 'self-hosted',
  build_commit: 'a'.repeat(40),
  build_source: 'webhook',
};

type Kind = 'email' | 'lenient' | 'github' | 'gitlab' | 'buildkite' | 'username' | 'uri' | 'spiffe';

describe('fulcioConfig, as the real Fulcio takes it', () => {
  let directory: string;
  let fulcio: RunningProgram;
  let url: string;
  let configured: readonly FulcioIssuer[];
  const issuers = new Map<Kind, FakeIssuer>();

  const issuer = (kind: Kind): FakeIssuer => {
    const found = issuers.get(kind);
    if (!found) throw new Error(`no issuer ${kind}`);
    return found;
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'fulcio-issuers-'));
    const kinds = ['email', 'lenient', 'github', 'gitlab', 'buildkite', 'username', 'uri', 'spiffe'] as const;
    for (const kind of kinds) issuers.set(kind, await startFakeIssuer());
    const at = (kind: Kind) => ({ issuerUrl: issuer(kind).url, clientId: 'sigstore' });
    configured = [
      { ...at('email'), type: 'email' },
      { ...at('lenient'), type: 'email', skipEmailVerification: true },
      { ...at('github'), type: 'ci-provider', ciProvider: 'github-workflow' },
      { ...at('gitlab'), type: 'ci-provider', ciProvider: 'gitlab-pipeline', platformUrl: 'https://git.acme.example' },
      { ...at('buildkite'), type: 'ci-provider', ciProvider: 'buildkite-job' },
      { ...at('username'), type: 'username', subjectDomain: '127.0.0.1' },
      { ...at('uri'), type: 'uri', subjectDomain: 'http://127.0.0.1' },
      { ...at('spiffe'), type: 'spiffe', spiffeTrustDomain: 'acme.example' },
    ];
    await writeFile(join(directory, 'issuers.json'), fulcioConfig(configured));
    const ports = await choosePorts(['http', 'grpc', 'metrics']);
    const servers = await ensureServers(['fulcio'], { env: process.env, progress: silentProgress });
    fulcio = await startProgram({
      name: 'fulcio',
      file: servers.get('fulcio') ?? '',
      args: [
        'serve',
        '--ca=ephemeralca',
        '--ct-log-url=',
        '--host=127.0.0.1',
        '--grpc-host=127.0.0.1',
        `--port=${ports['http']}`,
        `--grpc-port=${ports['grpc']}`,
        `--metrics-port=${ports['metrics']}`,
        `--legacy-unix-domain-socket=@fulcio-issuers-${ports['http']}`,
        `--config-path=${join(directory, 'issuers.json')}`,
      ],
      env: {},
      cwd: directory,
      logFile: join(directory, 'fulcio.log'),
    });
    url = `http://127.0.0.1:${ports['http']}`;
    const isUp = async () => (await fetch(`${url}/healthz`).catch(() => undefined))?.ok === true;
    await waitFor(isUp, { what: 'Fulcio', timeoutMs: 30_000 });
  }, 600_000);

  afterAll(async () => {
    await fulcio.stop(1_000);
    for (const each of issuers.values()) await each.close();
    await rm(directory, { recursive: true });
  });

  /** Asks for a certificate with a token of these claims. */
  async function certify(kind: Kind, claims: Readonly<Record<string, unknown>>, proven: string): Promise<Response> {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const body = {
      credentials: { oidcIdentityToken: issuer(kind).sign(claims) },
      publicKeyRequest: {
        publicKey: { algorithm: 'ECDSA', content: publicKey.export({ type: 'spki', format: 'pem' }) },
        proofOfPossession: sign('sha256', Buffer.from(proven), privateKey).toString('base64'),
      },
    };
    const headers = { 'content-type': 'application/json' };
    return await fetch(`${url}/api/v2/signingCert`, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  async function certificateOf(answer: Response): Promise<X509Certificate> {
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    const document = JSON.parse(text) as { signedCertificateDetachedSct: { chain: { certificates: string[] } } };
    return new X509Certificate(document.signedCertificateDetachedSct.chain.certificates[0] ?? '');
  }

  /** Text of the Fulcio extension 1.3.6.1.4.1.57264.1.NUMBER: an OID, and an octet string with a UTF8String in it. */
  function extension({ raw }: X509Certificate, number: number): string | undefined {
    const oid = Buffer.from([0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x01, number]);
    const start = raw.indexOf(oid);
    return start < 0 ? undefined : valueAt(raw, valueAt(raw, start + oid.length).offset).value.toString();
  }

  /** The value of the DER element that starts at an offset. */
  function valueAt(der: Buffer, offset: number): { offset: number; value: Buffer } {
    const length = der[offset + 1] ?? 0;
    const long = length > 0x80 ? length - 0x80 : 0;
    const begin = offset + 2 + long;
    return { offset: begin, value: der.subarray(begin, begin + (long ? der.readUIntBE(offset + 2, long) : length)) };
  }

  function textOf(certificate: X509Certificate): string {
    return certificate.raw.toString('latin1');
  }

  it('lists every issuer as it was meant', async () => {
    const answer = (await (await fetch(`${url}/api/v2/configuration`)).json()) as { issuers: { issuerUrl: string }[] };
    const byUrl = new Map(answer.issuers.map((each) => [each.issuerUrl, each]));
    expect(byUrl.size).toBe(configured.length);
    for (const each of configured) {
      expect(byUrl.get(each.issuerUrl)).toMatchObject({
        audience: 'sigstore',
        issuerType: each.type,
        challengeClaim: each.type === 'email' ? 'email' : 'sub',
        subjectDomain: each.subjectDomain ?? '',
        spiffeTrustDomain: each.spiffeTrustDomain ?? '',
        skipEmailVerification: each.skipEmailVerification ?? false,
      });
    }
  });

  it('certifies a verified e-mail address, and one that is not only where that was said', async () => {
    const certificate = await certificateOf(await certify('email', {}, 'alice@example.com'));
    expect(textOf(certificate)).toContain('alice@example.com');
    expect(extension(certificate, 8)).toBe(issuer('email').url);
    const unverified = { email_verified: undefined };
    expect((await certify('email', unverified, 'alice@example.com')).status).toBe(400);
    expect((await certify('lenient', unverified, 'alice@example.com')).status).toBe(200);
  });

  it('certifies a GitHub Actions workflow, with every extension', async () => {
    const certificate = await certificateOf(await certify('github', githubClaims, githubClaims.sub));
    const signer = `https://github.com/${githubClaims.job_workflow_ref}`;
    expect(textOf(certificate)).toContain(signer);
    const texts = Array.from({ length: 15 }, (_, index) => extension(certificate, index + 9));
    expect(texts).toEqual([
      signer,
      githubClaims.job_workflow_sha,
      'github-hosted',
      'https://github.com/acme/tool',
      githubClaims.sha,
      'refs/heads/main',
      '1',
      'https://github.com/acme',
      '2',
      `https://github.com/${githubClaims.workflow_ref}`,
      githubClaims.workflow_sha,
      'push',
      'https://github.com/acme/tool/actions/runs/3/attempts/1',
      'private',
      undefined,
    ]);
    const deployed = { ...githubClaims, environment: 'production' };
    expect(extension(await certificateOf(await certify('github', deployed, deployed.sub)), 23)).toBe('production');
    expect((await certify('github', { ...githubClaims, run_id: undefined }, githubClaims.sub)).status).toBe(400);
  });

  it('certifies a pipeline of a GitLab of one’s own, under its own URL', async () => {
    const certificate = await certificateOf(await certify('gitlab', gitlabClaims, gitlabClaims.sub));
    expect(textOf(certificate)).toContain(`https://${gitlabClaims.ci_config_ref_uri}`);
    expect(extension(certificate, 12)).toBe('https://git.acme.example/acme/tool');
    expect(extension(certificate, 14)).toBe('refs/heads/main');
    expect(extension(certificate, 21)).toBe('https://git.acme.example/acme/tool/-/jobs/3');
  });

  it('certifies a Buildkite job', async () => {
    const certificate = await certificateOf(await certify('buildkite', buildkiteClaims, buildkiteClaims.sub));
    expect(textOf(certificate)).toContain('https://buildkite.com/acme/tool');
    expect(extension(certificate, 21)).toBe('https://buildkite.com/acme/tool/builds/7#job');
  });

  it.each([
    ['username', 'dana', 'dana!127.0.0.1'],
    ['uri', 'http://127.0.0.1/users/dana', 'http://127.0.0.1/users/dana'],
    ['spiffe', 'spiffe://acme.example/ns/a', 'spiffe://acme.example/ns/a'],
  ] as const)('certifies a subject of type %s, of its own domain alone', async (kind, sub, subject) => {
    expect(textOf(await certificateOf(await certify(kind, { sub }, sub)))).toContain(subject);
    if (kind === 'username') return;
    const stranger = sub.replace(/127\.0\.0\.1|acme\.example/, 'evil.example');
    expect((await certify(kind, { sub: stranger }, stranger)).status).toBe(400);
  });
});
