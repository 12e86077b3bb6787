import { createHmac, hash } from 'node:crypto';

type Environment = Readonly<Record<string, string>>;

/**
 * Makes a user who may do these actions on everything, and returns the credentials as the SDK takes them.
 * A request to IAM is signed by hand: its client is not among our dependencies.
 */
export async function newIamUser(environment: Environment, name: string, actions: readonly string[]) {
  const statement = { Effect: 'Allow', Action: actions, Resource: '*' };
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await iam(environment, { Action: 'CreateUser', UserName: name });
  await iam(environment, { Action: 'PutUserPolicy', UserName: name, PolicyName: 'all', PolicyDocument: policy });
  const answer = await iam(environment, { Action: 'CreateAccessKey', UserName: name });
  const field = (tag: string) => new RegExp(`<${tag}>([^<]+)</${tag}>`).exec(answer)?.[1] ?? '';
  return { accessKeyId: field('AccessKeyId'), secretAccessKey: field('SecretAccessKey') };
}

async function iam(environment: Environment, parameters: Environment): Promise<string> {
  const body = new URLSearchParams({ ...parameters, Version: '2010-05-08' }).toString();
  const url = new URL(environment['AWS_ENDPOINT_URL'] ?? '');
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const headers = { 'content-type': 'application/x-www-form-urlencoded', host: url.host, 'x-amz-date': date };
  const authorization = signatureV4(environment, headers, body);
  const response = await fetch(url, { method: 'POST', headers: { ...headers, authorization }, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`IAM answers ${response.status}: ${text}`);
  return text;
}

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function signatureV4(environment: Environment, headers: Environment, body: string): string {
  const date = headers['x-amz-date'] ?? '';
  const parts = [date.slice(0, 8), 'us-east-1', 'iam', 'aws4_request'];
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const request = ['POST', '/', '', lines.join(''), names, hash('sha256', body)].join('\n');
  const text = ['AWS4-HMAC-SHA256', date, parts.join('/'), hash('sha256', request)].join('\n');
  const secret = Buffer.from(`AWS4${environment['AWS_SECRET_ACCESS_KEY']}`);
  const key = parts.reduce((last, part) => createHmac('sha256', last).update(part).digest(), secret);
  const signature = createHmac('sha256', key).update(text).digest('hex');
  const credential = [environment['AWS_ACCESS_KEY_ID'], ...parts].join('/');
  return `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
}
