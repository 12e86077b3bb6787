import { ToolkitError } from '../../src/core/error.ts';

/**
 * Ids of the prefix list `com.amazonaws.global.cloudfront.origin-facing`, which AWS keeps: one per region, and never
 * another. To look one up would need credentials while the templates are made.
 * @see https://aws.amazon.com/blogs/networking-and-content-delivery/limit-access-to-your-origins-using-the-aws-managed-prefix-list-for-amazon-cloudfront/
 */
const prefixLists: Readonly<Record<string, string>> = {
  'ap-northeast-1': 'pl-58a04531',
  'ap-northeast-2': 'pl-22a6434b',
  'ap-northeast-3': 'pl-31a14458',
  'ap-south-1': 'pl-9aa247f3',
  'ap-southeast-1': 'pl-31a34658',
  'ap-southeast-2': 'pl-b8a742d1',
  'ca-central-1': 'pl-38a64351',
  'eu-central-1': 'pl-a3a144ca',
  'eu-north-1': 'pl-fab65393',
  'eu-west-1': 'pl-4fa04526',
  'eu-west-2': 'pl-93a247fa',
  'eu-west-3': 'pl-75b1541c',
  'sa-east-1': 'pl-5da64334',
  'us-east-1': 'pl-3b927c52',
  'us-east-2': 'pl-b6a144df',
  'us-west-1': 'pl-4ea04527',
  'us-west-2': 'pl-82a045eb',
};

/** Returns the addresses that CloudFront has in a region. @throws AWS_CLOUDFRONT_REGION */
export function cloudFrontPrefixList(region: string): string {
  const id = prefixLists[region];
  if (id !== undefined) return id;
  throw new ToolkitError('AWS_CLOUDFRONT_REGION', {
    message: `${region}: the prefix list of CloudFront in this region is not known`,
    fault: 'input',
    data: { region, known: Object.keys(prefixLists) },
    hint: 'choose a region that is known, or set aws.access to private',
  });
}
