import { describe, expect, it } from '@jest/globals';
import type { ReadyService } from '../../../lib/readiness.ts';
import { type Placement, renderContainer } from '../../../lib/render.ts';
import { renderFreeze } from '../../../lib/render-freeze.ts';
import { flag, keyPath, port, type ServiceSpec, text } from '../../../src/services/service.ts';
import { publicKey } from '../../support/recorded-deployment.ts';
import { productionDeployment, readyService } from './support.ts';

const deployment = await productionDeployment();
const upstream = await productionDeployment({ ctLogServer: 'upstream' });
const region = 'eu-central-1';
const database = { host: 'db.example', caPem: 'CA OF THE DATABASE\n' };

function placementOf({ region, key, log }: ReadyService): Placement {
  const place = { names: deployment.names, region, ...(key && { key }) };
  return log ? { ...place, log, database } : place;
}

function rendered(id: string) {
  const service = readyService(deployment, id);
  return { service, container: renderContainer(service.spec, placementOf(service)) };
}

const rekor = rendered('rekor-log2026-1');
const ctLog = rendered('ct-ct2026-1');
const fulcio = rendered('fulcio');
const tsa = rendered('timestamp-tsa-1');

function fileNames(container: typeof rekor.container): readonly string[] {
  return Object.keys(JSON.parse(container.environment['SIGSTEAD_FILES'] ?? '{}')).sort();
}

describe('renderContainer', () => {
  it('starts the server of Rekor by entry, with the password left to it', () => {
    const { service, container } = rekor;
    expect(container.entryPoint).toEqual(['/entry']);
    expect(container.command.slice(0, 2)).toEqual(['/bin/rekor-aws', 'serve']);
    expect(container.command).toContain(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: entry expands it
      '--aws-mysql-dsn=rekor_log2026_1:${env:DATABASE_PASSWORD}@tcp(db.example:3306)/rekor_log2026_1?parseTime=true&tls=true&timeout=5s&readTimeout=30s&writeTimeout=30s',
    );
    expect(container.command).toContain(`--signer-kmskey=awskms:///${service.key?.arn}`);
    expect(container.command).toContain('--aws-bucket=acme-rekor-log2026-1-012345678901-eu-central-1');
    expect(container.command).toContain('--hostname=log2026-1.sigstore.acme.example');
    expect(container.secrets).toEqual({ DATABASE_PASSWORD: 'password' });
    // A DSN names no CA file.
    expect(container.environment['SIGSTEAD_EXTRA_ROOTS']).toBe('database-ca.pem');
    expect(fileNames(container)).toEqual(['database-ca.pem']);
    expect(container.environment['SIGSTEAD_ENV']).toBeUndefined();
  });

  it('gives the CT log its password by the environment, and the CA of its database by a flag', () => {
    const { service, container } = ctLog;
    expect(container.command[0]).toBe('/bin/ct-log');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: entry expands it
    expect(container.command).toContain('--db_tls_ca=${file:database-ca.pem}');
    expect(container.command).toContain(`--signer_kms_key=awskms:///${service.key?.arn}`);
    expect(container.command.join(' ')).not.toContain('PASSWORD');
    expect(JSON.parse(container.environment['SIGSTEAD_ENV'] ?? '')).toEqual({
      // biome-ignore lint/suspicious/noTemplateCurlyInString: entry expands it
      DATABASE_PASSWORD: '${env:DATABASE_PASSWORD}',
    });
    expect(container.environment['SIGSTEAD_EXTRA_ROOTS']).toBeUndefined();
    expect(fileNames(container)).toEqual(['database-ca.pem', 'fulcio-roots.pem']);
  });

  it('tells the gate what the log is and where it lies', () => {
    const { service, container } = ctLog;
    expect(JSON.parse(container.environment['SIGSTEAD_GATE'] ?? '')).toEqual({
      kind: 'ct',
      origin: 'ct2026-1.sigstore.acme.example',
      key: `awskms:///${service.key?.arn}`,
      bucket: 'acme-ct-ct2026-1-012345678901-eu-central-1',
      region,
      records: 'acme-records-012345678901-eu-central-1',
      shard: 'ct-ct2026-1',
      publicKeyPem: service.key?.publicKey.export({ type: 'spki', format: 'pem' }),
      database: {
        host: 'db.example',
        port: 3306,
        name: 'ct_ct2026_1',
        user: 'ct_ct2026_1',
        passwordVariable: 'DATABASE_PASSWORD',
        caFile: 'database-ca.pem',
      },
    });
    expect(fulcio.container.environment['SIGSTEAD_GATE']).toBeUndefined();
  });

  it('asks for the health where the server listens, and waits as long as the gate of a log, and no longer than ECS does', () => {
    const command = ['CMD', '/entry', 'health', 'http://127.0.0.1:6962/healthz'];
    expect(ctLog.container.health).toEqual({ command, startSeconds: 300 });
    expect(tsa.container.health?.startSeconds).toBe(30);
    const slow = { ...fulcio.service.spec, startTimeoutMs: 900_000 };
    expect(renderContainer(slow, placementOf(fulcio.service)).health?.startSeconds).toBe(300);
  });

  it('lets Fulcio find its CT log by name, and take a socket name that nobody can guess', () => {
    const { container } = fulcio;
    expect(container.command).toContain('--ct-log-url=http://ct-ct2026-1.acme.internal:6962');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: entry expands it
    expect(container.command).toContain('--legacy-unix-domain-socket=@sigstead-${nonce}');
    expect(container.command).toContain('--port=5555');
    expect(fileNames(container)).toEqual(['chain.pem', 'ct-log.pub.pem', 'issuers.json']);
    expect(container.secrets).toEqual({});
  });

  it('never lets a timestamp authority make up a key, or ask for the time where it cannot', () => {
    const { container } = tsa;
    expect(container.command).toContain('--timestamp-signer=kms');
    const files = JSON.parse(container.environment['SIGSTEAD_FILES'] ?? '{}');
    expect(files['time-servers.yaml']).toContain('169.254.169.123');
  });

  it('keeps text that looks like a reference from being one', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what somebody may have written
    const spec = { ...tsa.service.spec, flags: [flag('name', '${env:HOME}'), flag('port', text`$${port('http')}`)] };
    const { command } = renderContainer(spec, placementOf(tsa.service));
    expect(command.slice(2)).toEqual(['--name=$${env:HOME}', '--port=$3004']);
  });

  it("renders upstream's CT log, whose key is in two secrets", () => {
    const service = readyService(upstream, 'ct-ct2026-1');
    const { command, environment } = renderContainer(service.spec, placementOf(service));
    expect(command[0]).toBe('/bin/tesseract-aws');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: entry expands it
    expect(command).toContain('--db_password=${env:DATABASE_PASSWORD}');
    expect(command).toContain('--signer_private_key_secret_name=acme/key/ct-ct2026-1/private');
    expect(JSON.parse(environment['SIGSTEAD_GATE'] ?? '')).not.toHaveProperty('key');
  });

  it.each([
    ['AWS_KEY_ALIAS', 'arn:aws:kms:eu-central-1:210987654321:alias/acme/fulcio'],
    ['AWS_KEY_REGION', `arn:aws:kms:eu-west-1:210987654321:key/${'0'.repeat(36)}`],
    ['AWS_KEY_ACCOUNT', `arn:aws:kms:eu-central-1:012345678901:key/${'0'.repeat(36)}`],
  ])('refuses a key that cannot be the one: %s', (code, arn) => {
    const key = { arn, publicKey: publicKey('secp384r1') };
    const refused = () => renderContainer(fulcio.service.spec, { ...placementOf(fulcio.service), key });
    expect(refused).toThrowToolkit(code, { service: 'fulcio', arn });
  });

  it('refuses what ECS would not take, and names the biggest file', () => {
    const { spec } = fulcio.service;
    const files = spec.files.map((file) =>
      file.name === 'issuers.json' ? { ...file, content: 'x'.repeat(62_000) } : file,
    );
    const refused = () => renderContainer({ ...spec, files }, placementOf(fulcio.service));
    expect(refused).toThrowToolkit('AWS_TASK_SIZE', { service: 'fulcio', file: 'issuers.json' });
  });

  const { spec } = tsa.service;
  it.each([
    ['a file of one machine', { ...spec, flags: [flag('key', keyPath('tsa'))] }],
    ['a port that it has not', { ...spec, flags: [flag('port', port('admin'))] }],
    ['a database where there is none', { ...spec, storage: 'bucket-and-database' } as ServiceSpec],
    ['a key that is not recorded', fulcio.service.spec],
  ])('refuses to render %s', (_what, wrong) => {
    expect(() => renderContainer(wrong, { names: deployment.names, region })).toThrowToolkit('AWS_RENDER');
  });
});

describe('renderFreeze', () => {
  it('signs with the key of the shard, and has no gate that could keep it from it', () => {
    const { service } = rekor;
    const container = renderFreeze(service.id, placementOf(service));
    expect(container.command).toEqual([
      '/bin/freeze-log',
      '--kind=rekor',
      '--origin=log2026-1.sigstore.acme.example',
      '--bucket=acme-rekor-log2026-1-012345678901-eu-central-1',
      `--kms-key=awskms:///${service.key?.arn}`,
      '--db-host=db.example',
      '--db-port=3306',
      '--db-name=rekor_log2026_1',
      '--db-user=rekor_log2026_1',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: entry expands it
      '--db-tls-ca=${file:database-ca.pem}',
    ]);
    expect(Object.keys(container.environment).sort()).toEqual(['AWS_REGION', 'SIGSTEAD_ENV', 'SIGSTEAD_FILES']);
  });

  it('refuses to freeze what is no log', () => {
    expect(() => renderFreeze('fulcio', placementOf(fulcio.service))).toThrowToolkit('AWS_RENDER');
  });
});
