import { Names } from '../../lib/names.ts';
import type { PreflightInput } from '../../lib/preflight.ts';
import { keysAccount, mainAccount } from './access/support.ts';
import type { Cases } from './preflight-hsm.ts';
import { sample, withAws } from './preflight-inputs.ts';

const govCloud: PreflightInput = {
  ...withAws({ regions: ['us-gov-east-1'] }),
  names: new Names({ instance: 'acme', account: mainAccount, keysAccount, writeRegion: 'us-gov-east-1' }),
};

/** What the rules about the credentials in use refuse and accept. */
export const callerCases: Cases = {
  'aws-caller': {
    refuses: [
      {
        what: 'credentials of another account',
        input: { ...sample, caller: { account: '999999999999', region: 'eu-central-1' } },
        where: 'aws.account',
        message: `expected credentials of account ${mainAccount} or ${keysAccount}, got 999999999999`,
        hint: /AWS_PROFILE/,
      },
      {
        what: 'them, where there is one account only',
        input: { ...withAws({ keysAccount: mainAccount }), caller: { account: keysAccount } },
        where: 'aws.account',
        message: `expected credentials of account ${mainAccount}, got ${keysAccount}`,
        hint: /AWS_PROFILE/,
      },
    ],
    accepts: [
      { what: "credentials of the servers' account", input: { ...sample, caller: { account: mainAccount } } },
      { what: "credentials of the keys' account", input: { ...sample, caller: { account: keysAccount } } },
      { what: 'nobody, who synthesises only', input: sample },
    ],
  },
  'aws-caller-region': {
    refuses: [
      {
        what: 'a profile for a region without stacks',
        input: { ...sample, caller: { account: mainAccount, region: 'eu-north-1' } },
        where: 'aws.regions',
        message:
          'expected a profile for eu-central-1 or eu-west-1, got one for eu-north-1: the stacks go to the former',
        hint: /AWS_REGION=eu-central-1 npx cdk/,
      },
      {
        what: 'such a region without credentials',
        input: { ...sample, caller: { region: 'eu-north-1' } },
        where: 'aws.regions',
        message:
          'expected a profile for eu-central-1 or eu-west-1, got one for eu-north-1: the stacks go to the former',
        hint: /AWS_REGION=eu-central-1 npx cdk/,
      },
      {
        what: 'the region of another partition',
        input: { ...govCloud, caller: { account: mainAccount, region: 'us-east-1' } },
        where: 'aws.regions',
        message: 'expected a profile for us-gov-east-1, got one for us-east-1: the stacks go to the former',
        hint: /AWS_REGION=us-gov-east-1 npx cdk/,
      },
    ],
    accepts: [
      { what: 'each region of the configuration', input: { ...sample, caller: { region: 'eu-west-1' } } },
      { what: 'the region of certificates and IAM', input: { ...sample, caller: { region: 'us-east-1' } } },
      { what: 'no region', input: { ...sample, caller: { account: mainAccount } } },
      {
        what: 'the one that CDK takes where nobody named any',
        input: { ...govCloud, caller: { region: 'us-east-1' } },
      },
    ],
  },
};
