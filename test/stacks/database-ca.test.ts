import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { databaseCaOf } from '../../lib/database-ca.ts';

const subjectsOf = (pem: string) =>
  pem
    .split(/(?=-----BEGIN CERTIFICATE-----)/)
    .map((block) => new X509Certificate(block))
    .map(({ subject, issuer, ca, validToDate }) => ({ subject, issuer, ca, validToDate }));

describe('databaseCaOf', () => {
  it.each(['eu-central-1', 'us-east-1', 'us-east-2', 'ap-southeast-2', 'af-south-1', 'ap-southeast-4'])(
    'has the roots of %s, and of no other region',
    (region) => {
      const roots = subjectsOf(databaseCaOf(region));
      expect(roots.length).toBeGreaterThan(0);
      const inLongUse = new Date('2050-01-01T00:00:00Z');
      for (const { subject, issuer, ca, validToDate } of roots) {
        expect(ca).toBe(true);
        expect(issuer).toBe(subject);
        expect(validToDate.getTime()).toBeGreaterThan(inLongUse.getTime());
        expect(subject).toContain(`CN=Amazon RDS ${region} Root CA`);
      }
    },
  );

  it('returns the same bytes each time, one block after the other', () => {
    const pem = databaseCaOf('eu-central-1');
    expect(pem).toBe(databaseCaOf('eu-central-1'));
    expect(pem).toMatch(/^(?:-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----\n)+$/);
  });

  it.each(['xx-nowhere-1', 'eu-central', 'eu-central-', 'eu-central-10', '', 'eu-central-1 Root CA RSA2048'])(
    'refuses %j: a start of a name is no region',
    (region) => {
      expect(() => databaseCaOf(region)).toThrowToolkit('AWS_DATABASE_CA', { region });
    },
  );
});
