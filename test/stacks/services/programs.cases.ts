import { describe, expect, it } from '@jest/globals';
import { instancePrograms } from '../../../lib/access/placement.ts';
import { imagePrograms } from '../../../operate/images/programs.ts';
import { hsmDeployment, productionDeployment } from './support.ts';

describe('instancePrograms', () => {
  it.each([
    ['with keys in KMS', async () => await productionDeployment(), 'ct-log'],
    [
      "with TesseraCT's own binary",
      async () => await productionDeployment({ ctLogServer: 'upstream' }),
      'tesseract-aws',
    ],
    ['with keys in an HSM', async () => await hsmDeployment(), 'ct-log-pkcs11'],
  ])('names only images that are made: %s', async (_profile, deployment, ctLog) => {
    const programs = instancePrograms(await deployment());
    expect(programs).toContain(ctLog);
    expect(imagePrograms).toEqual(expect.arrayContaining([...programs]));
  });
});
