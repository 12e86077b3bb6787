import { RegionInfo } from 'aws-cdk-lib/region-info';
import type { PolicyDocument } from '../../../lib/access/statement.ts';
import type { Deployment } from '../../../lib/deployment.ts';
import { type Caller, isAllowed, type Request } from './iam-evaluator.ts';
import { type AccessCase, type BucketCase, bucketActions, type KeyCase, roleLabels } from './matrix.ts';
import type { Policies } from './support.ts';

const anything: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [{ Sid: 'Anything', Effect: 'Allow', Action: '*', Resource: '*' }],
};

/** Returns everybody who could ask, each with the policies of the templates; the administrators may do anything. */
export function callers(policies: Policies, deployment: Deployment): ReadonlyMap<string, Caller> {
  const { names } = deployment;
  const all = new Map<string, Caller>();
  for (const [label, arn] of roleLabels(deployment)) {
    const own = policies.roles.get(arn.split('/').at(-1) ?? '');
    if (own === undefined) throw new Error(`${arn}: no template has that role`);
    all.set(label, { arn, account: arn.split(':')[4] ?? '', policies: [own] });
  }
  const { account, keysAccount, writeRegion } = names;
  const administrator = (of: string, name: string): Caller => ({
    ...{ arn: `arn:aws:iam::${of}:role/${name}`, account: of, policies: [anything] },
  });
  all.set('administrator', administrator(account, 'administrator'));
  all.set('deployment', administrator(account, `cdk-hnb659fds-cfn-exec-role-${account}-${writeRegion}`));
  if (keysAccount !== account) {
    all.set('keys administrator', administrator(keysAccount, 'administrator'));
    const bootstrap = `cdk-hnb659fds-cfn-exec-role-${keysAccount}-${writeRegion}`;
    all.set('keys bootstrap', administrator(keysAccount, bootstrap));
  }
  for (const [label, caller] of services(deployment)) all.set(label, caller);
  return all;
}

/** AWS itself, where a bucket lets it in. */
function services({ names: { account, instance, writeRegion } }: Deployment): readonly [string, Caller][] {
  const service = (name: string, context: Caller['context'] = {}): Caller => ({
    ...{ arn: '', account, service: `${name}.amazonaws.com`, policies: [], context },
  });
  const trail = `arn:aws:cloudtrail:${writeRegion}:${account}:trail/${instance}-audit`;
  const delivery = {
    ...{ 's3:x-amz-acl': 'bucket-owner-full-control', 'aws:SourceAccount': account },
    'aws:SourceArn': `arn:aws:logs:${writeRegion}:${account}:*`,
  };
  const { elbv2Account = '' } = RegionInfo.get(writeRegion);
  return [
    ['CloudFront', service('cloudfront', { 'aws:SourceArn': `arn:aws:cloudfront::${account}:distribution/E1` })],
    ['CloudTrail', service('cloudtrail', { 'aws:SourceArn': trail })],
    ['log delivery', service('delivery.logs', delivery)],
    // It writes with an account of AWS, one per region.
    ['load balancer', { arn: `arn:aws:iam::${elbv2Account}:root`, account: elbv2Account, policies: [anything] }],
  ];
}

/** Says what the policies answer otherwise than the matrix does: `who: what: expected allowed`. */
export function differences(
  cases: readonly AccessCase[],
  policies: Policies,
  deployment: Deployment,
): readonly string[] {
  const everybody = callers(policies, deployment);
  const stranger = cases.flatMap(({ allowed }) => [...allowed]).find((label) => !everybody.has(label));
  if (stranger !== undefined) throw new Error(`${stranger}: the matrix names somebody who is not there`);
  return cases.flatMap((each) => differencesOf(each, { everybody, policies, deployment }));
}

/** As `differences`, for one role by its name, or for everybody at one key or bucket. */
export function differencesAt(
  cases: readonly AccessCase[],
  place: { readonly policies: Policies; readonly deployment: Deployment; readonly at: string },
): readonly string[] {
  const { policies, deployment, at } = place;
  const there = cases.filter((each) => (each.kind === 'key' ? each.key.id : each.bucket) === at);
  const everybody = callers(policies, deployment);
  if (there.length > 0) return there.flatMap((each) => differencesOf(each, { everybody, policies, deployment }));
  const one = new Map([...everybody].filter(([, { arn }]) => arn.endsWith(`/${at}`)));
  return cases.flatMap((each) => differencesOf(each, { everybody: one, policies, deployment }));
}

interface Bench {
  readonly everybody: ReadonlyMap<string, Caller>;
  readonly policies: Policies;
  readonly deployment: Deployment;
}

function differencesOf(each: AccessCase, { everybody, policies, deployment }: Bench): readonly string[] {
  const request = each.kind === 'key' ? keyRequest(each, policies, deployment) : bucketRequest(each, policies);
  return [...everybody].flatMap(([label, caller]) => {
    const expected = each.allowed.has(label);
    if (isAllowed(localised(label, caller, each), request) === expected) return [];
    return [`${label}: ${each.action} ${nameOf(each)}: expected ${expected ? 'allowed' : 'refused'}`];
  });
}

/** The role of CloudFormation, the trail and what writes access logs are others in each region or account. */
function localised(label: string, caller: Caller, each: AccessCase): Caller {
  if (label === 'deployment') return { ...caller, arn: caller.arn.replace(/[a-z]+-[a-z]+-\d$/, regionOf(each)) };
  if (label === 'load balancer') {
    const { elbv2Account = '' } = RegionInfo.get(regionOf(each));
    return { ...caller, arn: `arn:aws:iam::${elbv2Account}:root`, account: elbv2Account };
  }
  const source = caller.context?.['aws:SourceArn'] ?? '';
  if (label === 'log delivery') {
    const here = source.replace(/:logs:[a-z0-9-]+:/, `:logs:${regionOf(each)}:`);
    return { ...caller, context: { ...caller.context, 'aws:SourceArn': here } };
  }
  if (label !== 'CloudTrail' || each.kind === 'key') return caller;
  return { ...caller, context: { 'aws:SourceArn': source.replace(`:${caller.account}:`, `:${each.account}:`) } };
}

function regionOf(each: AccessCase): string {
  return each.kind === 'key' ? each.key.region : each.region;
}

function nameOf(each: AccessCase): string {
  return each.kind === 'key' ? each.key.id : `${each.bucket}/${each.object ?? ''}`;
}

function keyRequest({ key, action }: KeyCase, policies: Policies, { names, record }: Deployment): Request {
  const other = key.signingAlgorithm === 'ECDSA_SHA_256' ? 'ECDSA_SHA_384' : 'ECDSA_SHA_256';
  const signs = action.startsWith('Sign');
  return {
    action: `kms:${signs ? 'Sign' : action}`,
    resource: record.keys.get(key.id)?.arn ?? `arn:aws:kms:${key.region}:${names.keysAccount}:key/unrecorded`,
    resourceAccount: names.keysAccount,
    resourcePolicy: policies.keys.get(key.id),
    policyRequired: true,
    context: signs
      ? {
          'kms:MessageType': action === 'SignRaw' ? 'RAW' : 'DIGEST',
          'kms:SigningAlgorithm': action === 'SignOtherAlgorithm' ? other : key.signingAlgorithm,
        }
      : {},
  };
}

function bucketRequest(each: BucketCase, policies: Policies): Request {
  const { bucket, object, action, account } = each;
  return {
    action: bucketActions[action],
    resource: `arn:aws:s3:::${bucket}${object === undefined ? '' : `/${object}`}`,
    resourceAccount: account,
    resourcePolicy: policies.buckets.get(bucket),
    policyRequired: false,
    context: {
      ...(action === 'write' && { 's3:if-none-match': '*' }),
      ...(action === 'read without TLS' && { 'aws:SecureTransport': 'false' }),
    },
  };
}
