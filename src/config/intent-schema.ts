import { z } from 'zod';
import { list, section, serviceName, text, words } from './fields.ts';

const reason = text(/^\S(?:.{0,298}\S)?$/, 'one line of 1 to 300 characters that says why').describe(
  'Why this is done. Every holder reads it before signing, and it stays in the transcript.',
);

const holderId = serviceName.describe('Id of the holder, as in policy.yaml.');
const holderIds = list(holderId, 'holder id');

/** For every kind. */
const common = {
  reason,
  lost: holderIds
    .exactOptional()
    .describe('Holders whose published key cannot or must not sign: lost, stolen, or nobody can reach them.'),
  targets: z
    .literal(true, words('true'))
    .exactOptional()
    .describe('The files in targets/ changed as well, and this event publishes them.'),
  revokes: z
    .literal(true, words('true'))
    .exactOptional()
    .describe('An authority or a log leaves trusted_root.json: what only it vouched for no longer verifies.'),
};

const instant = text(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/, 'an instant like 2026-11-02T03:00:00Z');

const delegatedRole = text(
  /^[A-Za-z0-9_][A-Za-z0-9._+@-]{0,63}$/,
  'the name of a role, like registry.acme.example',
).describe('Name of the role, which its metadata file has too: NAME.json.');

const pemFile = text(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\.pem$/, 'the name of a PEM file, like build.pem');
const pathPattern = text(
  /^[A-Za-z0-9_*?][A-Za-z0-9._+@*?/-]{0,199}$/,
  'a path like npm/*, of letters, digits, ".", "_", "-", "+", "@", "/", "*" and "?"',
);
const delegates = words('a whole number from 1 to 32');

/** The input of a ceremony event: one file that says what changes and why. */
export const intentSchema = z.discriminatedUnion(
  'kind',
  [
    section({ kind: z.literal('genesis').describe('The first root of trust.'), ...common }),
    section({
      kind: z.literal('regenesis').describe('A first root in place of one whose quorum is lost: clients must be told.'),
      ...common,
      replaces: text(/^[0-9a-f]{64}$/, 'the SHA-256 of a root, 64 lower-case hexadecimal digits').describe(
        'SHA-256 of the signed bytes of the last root of the old chain, as `ceremony verify` prints it.',
      ),
    }),
    section({
      kind: z.literal('renew').describe('The same root and targets with later expiries.'),
      ...common,
      roles: list(z.enum(['root', 'targets'], words('root or targets')), 'role')
        .exactOptional()
        .describe('Roles to renew. By default both.'),
    }),
    section({ kind: z.literal('add-holder').describe('One more holder.'), ...common, holder: holderId }),
    section({ kind: z.literal('remove-holder').describe('One holder less.'), ...common, holder: holderId }),
    section({
      kind: z.literal('replace-key').describe('Another key for the same person; the old one signs too unless lost.'),
      ...common,
      holder: holderId,
    }),
    section({
      kind: z.literal('replace-quorum').describe('New keys for as many holders as the threshold or more.'),
      ...common,
      holders: holderIds,
    }),
    section({
      kind: z.literal('set-threshold').describe('Another number of holders who must sign.'),
      ...common,
      role: z.enum(['root', 'targets'], words('root or targets')).describe('The role whose threshold changes.'),
    }),
    section({ kind: z.literal('rotate-online').describe('Another key of snapshot and timestamp.'), ...common }),
    section({
      kind: z.literal('revoke-key').describe('The key of a holder is compromised: it goes, replaced or not.'),
      ...common,
      holder: holderId,
      since: instant.describe('When the key may first have been in other hands.'),
    }),
    section({
      kind: z
        .literal('recover-fast-forward')
        .describe('Someone with the online key signed absurdly high versions: replace it, and count from ours again.'),
      ...common,
      since: instant.describe('When the key may first have been in other hands.'),
    }),
    section({
      kind: z
        .literal('rotate-targets-keys')
        .describe('Other keys for targets, so that no client of the new root takes targets that were signed before.'),
      ...common,
      holders: holderIds.describe('Holders who enrolled another key for targets.'),
    }),
    section({ kind: z.literal('update-targets').describe('Other files in targets/.'), ...common }),
    section({
      kind: z
        .literal('delegate')
        .describe('Part of the targets is signed by others from now on, or by others than so far.'),
      ...common,
      role: delegatedRole,
      threshold: z.int(delegates).min(1, delegates).max(32, delegates).describe('How many of its keys must sign.'),
      keys: list(pemFile, 'file name').describe('Its public keys: files in root-signing/delegations/ROLE/.'),
      paths: list(pathPattern, 'path').describe('Names of targets that it may list. "*" and "?" stand for no "/".'),
      terminating: z
        .boolean(words('true or false'))
        .describe('Whether a name of these paths that it does not list is listed nowhere else.'),
    }),
    section({
      kind: z.literal('undelegate').describe('A role signs no part of the targets any more.'),
      ...common,
      role: delegatedRole,
    }),
  ],
  { error: 'a mapping with a kind' },
);

export type IntentFile = z.output<typeof intentSchema>;
