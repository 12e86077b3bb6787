import { createPublicKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { type CaIntent, parseCaIntent } from '../../src/config/ca-intent.ts';
import { type RootPolicy, readRootPolicy } from '../../src/config/root-policy.ts';
import { parseHex, parseUtf8 } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { readFileCapped } from '../../src/core/files.ts';
import { generatePrivateKey } from '../../src/keys/algorithm.ts';
import { physicalKeyOf } from '../../src/tuf/key.ts';
import type { RootMetadata } from '../../src/tuf/metadata.ts';
import { quorumOf } from '../../src/tuf/threshold.ts';
import { parseChain } from '../../src/x509/chain.ts';
import { parseCsr } from '../../src/x509/csr.ts';
import { randomSerial } from '../../src/x509/to-be-signed.ts';
import { attestationPolicyOf } from '../attestation-policy.ts';
import { type HolderKeys, readHolderKeys } from '../holders/key-directory.ts';
import { ownersOf } from '../owners.ts';
import { type RepositoryIdentity, readIdentity } from '../root-signing/identity.ts';
import type { RootSigningLayout } from '../root-signing/layout.ts';
import { readRecorded } from '../root-signing/standing.ts';
import { type Authority, countFiles, readAuthorities } from './authority.ts';
import { type CaEvent, writeCaEvent } from './event.ts';
import { CaLayout } from './layout.ts';
import { lintWithThrowAwayKey } from './lint.ts';
import { authorityOf, planCaEvent } from './plan.ts';
import { formatCaPlan } from './plan-document.ts';

/** Everything in `root-signing/` that events of offline authorities follow from. */
export interface CaRoom {
  readonly layout: RootSigningLayout;
  readonly identity: RepositoryIdentity;
  readonly policy: RootPolicy;
  readonly holders: ReadonlyMap<string, HolderKeys>;
  readonly authorities: ReadonlyMap<string, Authority>;
}

export interface PlanCaEventOptions {
  readonly intent: CaIntent;
  /** Name of the event's directory. */
  readonly event: string;
  readonly now: Date;
  readonly rehearsal: boolean;
}

const maxInputBytes = 65_536;

/** Reads it, and verifies every holder's proof again. Throws as `readIdentity`, `readRootPolicy`, `readHolderKeys` and `readAuthorities`. */
export async function openCaRoom(layout: RootSigningLayout): Promise<CaRoom> {
  const identity = await readIdentity(layout);
  const policy = await readRootPolicy(layout.policy);
  const holders = await readHolderKeys(layout.directory, {
    repository: identity.id,
    policy: attestationPolicyOf(policy),
  });
  const recorded = await readRecorded(layout, identity.firstRoot);
  const vouched = recorded ? vouchedFor(holders, recorded.root) : holders;
  return { layout, identity, policy, holders: vouched, authorities: await readAuthorities(layout) };
}

/**
 * Keeps the keys that the root in force says are their holders': whoever can write to keyholders/ alone authorises
 * nothing.
 */
function vouchedFor(holders: ReadonlyMap<string, HolderKeys>, root: RootMetadata): ReadonlyMap<string, HolderKeys> {
  const owners = ownersOf(root);
  const known = [...holders].filter(([id, { main }]) => {
    const physical = main && physicalKeyOf(main.enrolment.publicKey);
    const listed = quorumOf(root, 'root').keys.find(({ physicalKey }) => physicalKey === physical);
    return listed !== undefined && owners.get(listed.keyid) === id;
  });
  return new Map(known);
}

/**
 * Plans an event of an authority, lints it with a throw-away key, and writes it, frozen. Nothing is written that a rule
 * refuses.
 * @throws CER_CA_INPUT, X509_CSR, X509_PEM, CORE_FILE_MISSING for the files that the intent names
 * @throws as `planCaEvent`, `lintWithThrowAwayKey` and `writeCaEvent`
 */
export async function planNewCaEvent(room: CaRoom, options: PlanCaEventOptions): Promise<CaEvent> {
  const { layout } = room;
  const { intent } = options;
  const { planned, issuer } = await drafted(room, {
    ...options,
    publicKey: intent.kind === 'ca-issue' ? await readPublicKey(layout, intent.key) : undefined,
    other: intent.kind === 'ca-cross-sign' ? await readCertificate(layout, intent.of) : undefined,
    serial: randomSerial(),
    number: (await countFiles(directoryOf(new CaLayout(layout, authorityOf(intent)), intent))) + 1,
  });
  const { certificate, planned: at } = planned.plan;
  if (certificate) await lintWithThrowAwayKey(certificate, issuer, at);
  return await writeCaEvent(layout, planned, intent);
}

/**
 * Passes if an event says what its intent would have us plan today, at the time of the plan: whoever wrote the plan, the
 * rules have seen it.
 * @throws CER_CA_PLAN_OTHER (evidence), CER_CA_PLAN_REFUSED, CFG_CA_INTENT_INVALID
 */
export async function assertFollowsFromIntent({ plan, intent: text, layout }: CaEvent, room: CaRoom): Promise<void> {
  const { certificate } = plan;
  const { planned } = await drafted(room, {
    intent: parseCaIntent(text, layout.intent),
    event: plan.event,
    now: plan.planned,
    rehearsal: plan.rehearsal,
    publicKey: certificate?.publicKey,
    other: certificate?.root === undefined ? undefined : parseChain(certificate.root, layout.plan).der[0],
    serial: parseHex(certificate?.serial ?? ''),
    number: Number(/\/(\d{4})-/.exec(certificate?.path ?? '')?.[1] ?? 0),
  });
  if (formatCaPlan(planned.plan) === formatCaPlan(plan)) return;
  throw new ToolkitError('CER_CA_PLAN_OTHER', {
    message: `${layout.plan}: is not what its intent, the policy and the authority give`,
    fault: 'evidence',
    data: { event: plan.event, plan: layout.plan },
    hint: 'somebody wrote the plan by hand, or policy.yaml changed since: plan another event, and compare the two',
  });
}

interface DraftOptions extends PlanCaEventOptions {
  readonly publicKey: KeyObject | undefined;
  readonly other: Uint8Array | undefined;
  readonly serial: Uint8Array;
  readonly number: number;
}

async function drafted({ identity, policy, holders, authorities }: CaRoom, options: DraftOptions) {
  const { intent } = options;
  const enrolled = new Set([...holders].flatMap(([id, { main }]) => (main ? [id] : [])));
  // Only a genesis has it in its bytes, as zeros.
  const throwAway = await generatePrivateKey(intent.kind === 'ca-genesis' ? intent.algorithm : 'ecdsa-p256-sha256');
  const throwAwayKey = createPublicKey(throwAway);
  const { planDays } = policy.ceremony;
  const planned = planCaEvent({ ...options, identity, authorities, enrolled, throwAwayKey, planDays });
  return { planned, issuer: authorities.get(planned.plan.ca)?.certificate.der };
}

function directoryOf({ issued, cross }: CaLayout, { kind }: CaIntent): string {
  return kind === 'ca-cross-sign' ? cross : issued;
}

/** The key alone is taken from a request: what it may be used for is ours to say. */
async function readPublicKey({ directory }: RootSigningLayout, file: string): Promise<KeyObject> {
  const pem = parseUtf8(await readFileCapped(join(directory, file), maxInputBytes), file);
  if (pem.startsWith('-----BEGIN CERTIFICATE REQUEST-----')) return parseCsr(pem);
  try {
    if (!/^-----BEGIN PUBLIC KEY-----\n[A-Za-z0-9+/=\n]+\n-----END PUBLIC KEY-----\n*$/.test(pem))
      throw new Error('label');
    return createPublicKey(pem);
  } catch (cause) {
    // Its text is not shown: it may be a private key.
    throw new ToolkitError('CER_CA_INPUT', {
      message: `${file}: expected one PEM block "PUBLIC KEY" or "CERTIFICATE REQUEST"`,
      fault: 'input',
      data: { file },
      hint: 'a private key has no business here: openssl pkey -in KEY -pubout',
      cause,
    });
  }
}

async function readCertificate({ directory }: RootSigningLayout, file: string): Promise<Uint8Array | undefined> {
  const pem = parseUtf8(await readFileCapped(join(directory, file), maxInputBytes), file);
  return parseChain(pem, file).der[0];
}
