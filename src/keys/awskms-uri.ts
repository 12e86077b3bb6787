import { keyUriError } from '../core/key-uri-error.ts';

export interface AwsKmsKeyUri {
  readonly scheme: 'awskms';
  /** Host of another endpoint than the region's; always spoken to with TLS. */
  readonly endpoint?: string;
  /** Key ID, `alias/NAME`, or the ARN of either: what KMS takes as `KeyId`. */
  readonly keyId: string;
  /** Known where `keyId` is an ARN. */
  readonly region?: string;
}

const uuid = '(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})';
const alias = 'alias/[A-Za-z0-9/_-]{1,250}';
const arn = `arn:(?:aws|aws-us-gov|aws-cn):kms:(?<region>[a-z0-9-]+):[0-9]{12}:(?:key/${uuid}|${alias})`;
const form = new RegExp(`^awskms://(?<endpoint>[A-Za-z0-9.-]+(?::[0-9]{1,5})?)?/(?<keyId>${uuid}|${alias}|${arn})$`);

/**
 * Parses `awskms://[ENDPOINT]/KEY` as the servers do, with KEY a key ID, an alias, or the ARN of one.
 * @throws KEY_URI
 * @see https://github.com/sigstore/sigstore/tree/main/pkg/signature/kms/aws
 */
export function parseAwsKmsUri(uri: string): AwsKmsKeyUri {
  const { endpoint, keyId, region } = form.exec(uri)?.groups ?? {};
  if (keyId === undefined) throw keyUriError(uri, 'expected awskms:// and a key ID, alias or ARN', hintFor(uri));
  return {
    scheme: 'awskms',
    keyId,
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
  };
}

function hintFor(uri: string): string {
  return uri.startsWith('awskms://arn:') || uri.startsWith('awskms://alias/')
    ? `without an endpoint there are three slashes: ${uri.replace('awskms://', 'awskms:///')}`
    : 'e.g. awskms:///arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
}
