import { generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { startLoopbackServer } from './loopback-server.ts';

export type KeySpec = 'ECC_NIST_P256' | 'ECC_NIST_P384' | 'ECC_NIST_EDWARDS25519';

type Fields = Readonly<Record<string, unknown>>;

/** An answer that is none of a key: the name of an exception, with its status. */
export interface Refusal {
  readonly refuse: string;
  readonly status?: number;
}

export interface KmsRequest {
  readonly operation: string;
  readonly input: Fields;
  /** Of the signature of the request. */
  readonly region: string | undefined;
}

/** AWS KMS, as far as it signs: keys that really sign, behind HTTP. */
export interface FakeKms extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly KmsRequest[];
  /** Makes a key, and returns its ARN. */
  addKey(spec: KeySpec, region?: string): string;
  /** Node signs no digests: the messages to come have to be known, to find the one that a digest is of. */
  expect(message: Uint8Array): void;
  /** Points an alias at a key. */
  pointAlias(alias: string, arn: string): void;
  /** Regions whose requests end without an answer. */
  readonly away: Set<string>;
  /** Has the last word on every answer: what an attacker, or a bad day, makes of it. */
  tamper: (answer: Fields, request: KmsRequest) => Fields | Refusal;
  /** What tests give to the client besides. */
  readonly client: {
    readonly endpoint: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
}

interface FakeKey {
  readonly arn: string;
  readonly spec: KeySpec;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export async function startFakeKms(): Promise<FakeKms> {
  const keys = new Map<string, FakeKey>();
  const requests: KmsRequest[] = [];
  const messages: Uint8Array[] = [];
  const away = new Set<string>();
  const server = await startLoopbackServer(async (message, response) => {
    const request = await readRequest(message);
    requests.push(request);
    if (away.has(request.region ?? '')) return void message.socket.destroy();
    const key = keys.get(String(request.input['KeyId']));
    const honest = key === undefined ? { refuse: 'NotFoundException' } : answerOf(key, request, messages);
    const answer = fake.tamper(honest, request);
    const status = 'refuse' in answer ? ((answer['status'] as number | undefined) ?? 400) : 200;
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify('refuse' in answer ? { __type: answer['refuse'], message: 'refused' } : answer));
  });
  const fake: FakeKms = {
    url: server.url,
    requests,
    away,
    addKey: (spec, region = 'eu-central-1') => {
      const key = newKey(spec, keys.size, region);
      keys.set(key.arn, key);
      keys.set(key.arn.replace(/^.*\//, ''), key);
      return key.arn;
    },
    expect: (message) => void messages.push(message),
    pointAlias: (alias, arn) => {
      const key = keys.get(arn);
      if (key) keys.set(alias, key);
    },
    tamper: (answer) => answer,
    client: { endpoint: server.url, credentials: { accessKeyId: 'nobody', secretAccessKey: 'nothing' } },
    [Symbol.asyncDispose]: server.close,
  };
  return fake;
}

function newKey(spec: KeySpec, number: number, region: string): FakeKey {
  const curve = spec === 'ECC_NIST_P384' ? 'P-384' : 'P-256';
  const pair =
    spec === 'ECC_NIST_EDWARDS25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: curve });
  const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  return { arn: `arn:aws:kms:${region}:111122223333:key/${id}`, spec, ...pair };
}

async function readRequest(message: IncomingMessage): Promise<KmsRequest> {
  const input = JSON.parse((await buffer(message)).toString()) as Fields;
  const operation = String(message.headers['x-amz-target']).replace(/^.*\./, '');
  return { operation, input, region: message.headers.authorization?.split('/')[2] };
}

function answerOf(key: FakeKey, { operation, input }: KmsRequest, messages: readonly Uint8Array[]): Fields {
  if (operation === 'Sign') return signed(key, input, messages);
  return {
    KeyId: key.arn,
    KeySpec: key.spec,
    KeyUsage: 'SIGN_VERIFY',
    PublicKey: key.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  };
}

const kinds = {
  ECC_NIST_P256: { type: 'DIGEST', algorithm: 'ECDSA_SHA_256', digest: 'sha256' },
  ECC_NIST_P384: { type: 'DIGEST', algorithm: 'ECDSA_SHA_384', digest: 'sha384' },
  ECC_NIST_EDWARDS25519: { type: 'RAW', algorithm: 'ED25519_SHA_512', digest: null },
} as const;

function signed({ arn, spec, privateKey }: FakeKey, input: Fields, messages: readonly Uint8Array[]): Fields {
  const { type, algorithm, digest } = kinds[spec];
  const given = Buffer.from(String(input['Message']), 'base64');
  const message = messages.find((one) => given.equals(digest === null ? one : hash(digest, one, 'buffer')));
  if (input['MessageType'] !== type || input['SigningAlgorithm'] !== algorithm || message === undefined) {
    return { refuse: 'ValidationException' };
  }
  return { KeyId: arn, Signature: sign(digest, message, privateKey).toString('base64') };
}
