import { z } from 'zod';
import { choice, days, displayText, list, section, serviceName, text, words } from './fields.ts';

const reason = text(/^\S(?:.{0,298}\S)?$/, 'one line of 1 to 300 characters that says why').describe(
  'Why this is done. Every holder reads it before authorising, and it stays in the transcript.',
);

const holderId = serviceName.describe('Id of the holder, as in policy.yaml.');

const authorisedBy = list(holderId, 'holder id')
  .min(2, words('at least two holder ids', 'no key of an authority is used on the word of one person'))
  .describe(
    'Holders who must sign the plan with their enrolled keys before anything happens: all of them, at least two.',
  );

const common = { reason, authorisedBy };

const subject = section({
  organization: displayText.describe('O of the certificate.'),
  commonName: displayText.describe('CN of the certificate.'),
}).describe('Whom the certificate speaks of.');

const caName = serviceName.describe('Name of the authority: its directory in cas/.');

/** A file that the plan reads once; what it reads is in the plan. */
const inputFile = text(
  /^(?!\/)(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9._/-]{1,200}$/,
  'the path of a file below root-signing/, like inbox/fulcio.csr',
);

const policyUrl = text(
  /^https:\/\/(?=[^\s#]*\d+\.\d+)[^\s#?]{3,200}#[A-Za-z0-9._~-]{1,100}$/,
  'an https:// URL of one section in one version of the policy, like https://acme.example/cps/v1.2.html#root-keys',
  'put the version into the path and the section after "#": what the authority was made by must not change later',
).describe('The section of the certification policy that this authority is made and kept by, in the version of today.');

const shares = section({
  threshold: z
    .int(words('a whole number from 2 to 16'))
    .min(2, words('a whole number from 2 to 16'))
    .max(16, words('a whole number from 2 to 16'))
    .describe('So many holders of shares are needed to use the key.'),
  holders: list(holderId, 'holder id')
    .min(2, words('at least two holder ids'))
    .max(16, words('at most 16 holder ids'))
    .describe('Who gets a share: in places that do not burn down together.'),
}).describe('Of the PIN of the token, or of the passphrase of the encrypted key.');

const yearsWords = words('a whole number of years from 1 to 25');

/** The input of an event of an offline authority: one file that says what is done and why. */
export const caIntentSchema = z.discriminatedUnion(
  'kind',
  [
    section({
      kind: z.literal('ca-genesis').describe('A new root: its key, its certificate, its shares.'),
      ...common,
      ca: choice(['fulcio-root', 'tsa-root']).describe('What the root is for.'),
      name: caName.exactOptional().describe('Name of the authority: its directory in cas/. By default as in ca.'),
      custody: choice(['token', 'shares']).describe(
        'token: the key is born in a token and never leaves it; its PIN is shared. shares: the key is made on an offline machine, and its passphrase is shared.',
      ),
      subject,
      years: z.int(yearsWords).min(1, yearsWords).max(25, yearsWords).describe('How long the root is valid.'),
      algorithm: choice(['ecdsa-p384-sha384', 'ecdsa-p256-sha256'])
        .default('ecdsa-p384-sha384')
        .describe('Kind of the key.'),
      shares,
      policyUrl,
    }),
    section({
      kind: z.literal('ca-issue').describe('A certificate for the key of a server, which a KMS or an HSM keeps.'),
      ...common,
      issuer: caName,
      profile: choice(['fulcio-intermediate', 'tsa-intermediate', 'tsa-leaf']).describe('What the certificate is for.'),
      key: inputFile.describe('The public key in PEM, or a certificate request, whose key alone is taken.'),
      subject,
      days: days(9_125).describe('How long it is valid; not longer than its root.'),
    }),
    section({
      kind: z.literal('ca-cross-sign').describe('One root vouches for another, so that either is enough to verify.'),
      ...common,
      by: caName,
      of: inputFile.describe('The certificate of the other root, e.g. cas/fulcio-standby/root.pem.'),
    }),
    section({
      kind: z.literal('ca-retire').describe('The root issues nothing from now on.'),
      ...common,
      ca: caName,
      since: text(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/, 'an instant like 2026-11-02T03:00:00Z')
        .exactOptional()
        .describe('When its key may first have been in other hands. Absent for one that has served its time.'),
    }),
  ],
  { error: 'a mapping with a kind' },
);

export type CaIntentFile = z.output<typeof caIntentSchema>;
