import type { Template } from 'aws-cdk-lib/assertions';

/** Returns a value of a template as CloudFormation would put it, as far as it speaks of buckets of that template. */
export function bucketsResolved(value: unknown, template: Template): unknown {
  const buckets = new Map(
    Object.entries(template.findResources('AWS::S3::Bucket')).map(([id, { Properties }]) => [
      id,
      String((Properties as Readonly<Record<string, unknown>>)['BucketName']),
    ]),
  );
  return resolved(value, buckets);
}

function resolved(value: unknown, buckets: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((each) => resolved(each, buckets));
  if (typeof value !== 'object' || value === null) return value;
  const [[name, given] = ['', undefined], ...others] = Object.entries(value);
  if (others.length === 0 && name === 'Ref') return given === 'AWS::Partition' ? 'aws' : bucketOf(given, buckets);
  if (others.length === 0 && name === 'Fn::GetAtt') {
    const [id, attribute] = given as readonly string[];
    if (attribute !== 'Arn') throw new Error(`${id}.${attribute}: expected the ARN of a bucket`);
    return `arn:aws:s3:::${bucketOf(id, buckets)}`;
  }
  if (others.length === 0 && name === 'Fn::Join') {
    const [separator, parts] = given as readonly [string, readonly unknown[]];
    return parts.map((part) => resolved(part, buckets)).join(separator);
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolved(each, buckets)]));
}

function bucketOf(id: unknown, buckets: ReadonlyMap<string, string>): string {
  const name = buckets.get(String(id));
  if (name === undefined) throw new Error(`${id}: no bucket of the template`);
  return name;
}
