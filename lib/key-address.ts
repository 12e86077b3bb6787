import { ToolkitError } from '../src/core/error.ts';
import { kmsKeyArn } from '../src/services/deployment.ts';
import { plugInAddress } from '../src/services/service.ts';
import type { Placement } from './render.ts';

type KmsKeyPlace = Pick<Placement, 'key' | 'region' | 'names'>;

/**
 * Returns the ARN of a service's key, if that can be the service's: an alias would let another key sign for it.
 * @throws AWS_RENDER, AWS_KEY_ALIAS, AWS_KEY_REGION, AWS_KEY_ACCOUNT
 */
export function keyArnOf(service: string, { key, region, names }: KmsKeyPlace): string {
  if (!key) {
    const message = `${service}: no KMS key is recorded for it`;
    throw new ToolkitError('AWS_RENDER', { message, fault: 'caller', data: { service } });
  }
  const { arn } = key;
  const refuse = (code: 'AWS_KEY_ALIAS' | 'AWS_KEY_REGION' | 'AWS_KEY_ACCOUNT', message: string, hint: string) =>
    new ToolkitError(code, {
      message: `deployment.json: keys.${service}: ${message}`,
      fault: 'input',
      data: { service, arn },
      hint,
    });
  const [, keyRegion, account] = kmsKeyArn.exec(arn) ?? [];
  if (keyRegion === undefined) {
    throw refuse('AWS_KEY_ALIAS', `expected the ARN of a KMS key, got ${arn}`, 'record the key that the alias means');
  }
  if (keyRegion !== region) {
    const hint = 'a key never moves: put the region in sigstead.yaml back, or open a new shard or authority there';
    throw refuse('AWS_KEY_REGION', `expected a key in ${region}, where the service runs, got ${arn}`, hint);
  }
  if (account !== names.keysAccount) {
    const hint = 'put aws.keysAccount back, or rotate to keys of the new account';
    throw refuse('AWS_KEY_ACCOUNT', `expected a key of account ${names.keysAccount}, got ${arn}`, hint);
  }
  return arn;
}

/** Returns what a server finds its key by. */
export function keyAddress(service: string, place: Placement): string {
  return place.hsm ? plugInAddress(place.hsm.uri) : `awskms:///${keyArnOf(service, place)}`;
}
