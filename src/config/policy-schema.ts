import { z } from 'zod';
import { choice, days, displayText, keySource, list, section, serviceName, text, words } from './fields.ts';

const holder = section({
  id: serviceName.describe('Short name of the holder, used in files and commands.'),
  name: displayText.describe('Who it is: person, and what the others know them by.'),
});

const maxHolders = 32;
const thresholdWords = words(`a whole number from 1 to ${maxHolders}`);

/** Ten years; what the public instance gives its targets. */
const maxDays = 3650;

const expiryDays = days(maxDays).describe('Days that a new version is valid.');
const resignDays = days(maxDays).describe('Days before expiry from which it is signed anew; fewer than expiryDays.');

const heldRole = section({
  threshold: z
    .int(thresholdWords)
    .min(1, thresholdWords)
    .max(maxHolders, thresholdWords)
    .describe('How many different holders must sign.'),
  holders: list(serviceName, 'holder id')
    .exactOptional()
    .describe('Ids of the holders who may sign. By default all of them.'),
  expiryDays,
  resignDays,
});

const onlineRole = section({ expiryDays, resignDays });

const toleranceWords = words(`a whole number from 0 to ${maxHolders}`);

/** What a YubiKey attests of a key, weakest first. */
export const pinPolicies = ['never', 'once', 'always'] as const;
export const touchPolicies = ['never', 'cached', 'always'] as const;

const attestation = section({
  firmware: text(/^\d{1,3}\.\d{1,3}\.\d{1,3}$/, 'a version like 5.4.3')
    .exactOptional()
    .describe('Oldest firmware. By default any.'),
  pin: choice(pinPolicies).default('once').describe('How often the device asks for the PIN, at least.'),
  touch: choice(touchPolicies).default('always').describe('How often the device wants to be touched, at least.'),
  revokedSerials: z
    .array(z.int(words('a serial number')), words('a list of serial numbers'))
    .default([])
    .describe('Serial numbers of devices that are lost or known to be bad.'),
}).describe('What a device must attest of a holder’s key: only YubiKeys can. By default, nothing is asked for.');

const ceremony = section({
  tolerance: z
    .int(toleranceWords)
    .min(0, toleranceWords)
    .max(maxHolders, toleranceWords)
    .default(0)
    .describe('Holders of root and of targets who may be lost while the others can still sign, at least.'),
  planDays: days(365).default(21).describe('Days after which a plan can no longer be signed or published.'),
  attestation: attestation.exactOptional(),
}).describe('What every event of a ceremony must keep to.');

/** The root policy, the shape that people write. Rules across fields are in `policy-rules.ts`. */
export const policySchema = section({
  holders: list(holder, 'holder').describe('The people who hold a key of the root of trust, one key each.'),
  root: heldRole.describe('The root role: which keys sign everything else, and the next root.'),
  targets: heldRole.describe('The targets role: the trust files that clients read.'),
  online: section({
    key: keySource.prefault('awskms').describe('Where the online key lives, which signs snapshot and timestamp.'),
  })
    .default({ key: 'awskms' })
    .describe('The key that signs without people.'),
  ceremony: ceremony.prefault({}),
  snapshot: onlineRole.describe('The snapshot role, signed by the online key.'),
  timestamp: onlineRole.describe('The timestamp role, signed by the online key, which every client fetches first.'),
});

export type PolicyFile = z.output<typeof policySchema>;
