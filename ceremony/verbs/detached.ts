import { join, resolve } from 'node:path';
import type { Invocation, OptionSpec, Outcome } from '../../src/cli/command.ts';
import { toHex } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { createFile, makeDirectory, readFileCapped } from '../../src/core/files.ts';
import { printableLines } from '../../src/core/printable.ts';
import { shellWord } from '../../src/core/shell.ts';
import { canonicalize } from '../../src/tuf/canonical-json.ts';
import type { RoleKey } from '../../src/tuf/key.ts';
import { payloadFiles } from '../event/event.ts';
import type { SignatureDocument } from '../event/signature-file.ts';
import type { FrozenPayload } from '../freeze.ts';
import { ownersInPlan } from '../owners.ts';
import { askConsent } from '../review/consent.ts';
import { renderReview } from '../review/render.ts';
import type { Review } from '../review/review.ts';
import { assertSecondOpinion, consentTo } from '../sign-review.ts';
import { holderView, rememberSigned } from './holder-view.ts';
import { requiredOption, usage } from './settings.ts';
import { writeSignatures } from './write-signatures.ts';

export const detachedOptions = {
  holder: { type: 'string', value: 'ID', help: 'detached: whose key signs' },
  done: { type: 'boolean', help: 'detached: the other program has signed; DIR has a .sig for each .canonical' },
} as const satisfies Record<string, OptionSpec>;

interface Asked {
  readonly payload: FrozenPayload;
  readonly key: RoleKey;
  readonly canonical: string;
  readonly signature: string;
}

/**
 * Signs with another program, on a machine without Node. The first run asks for consent, writes the bytes to sign and
 * prints the exact commands; the second, with `--done`, takes what came back, verifies it twice and writes signatures.
 * @throws CER_SIGNATURE_INVALID (evidence) if what came back does not verify; CLI_DECLINED
 */
export async function signDetached(invocation: Invocation): Promise<Outcome> {
  const { options, talk, ask } = invocation;
  const view = await holderView(invocation);
  const { review } = view;
  const to = resolve(options.text('to') ?? '.');
  const asked = askedOf(review, requiredOption(invocation, 'holder'), to);
  if (options.flag('done')) {
    const outcome = await writeSignatures(review, await complete(review, asked), { to, codes: false });
    await rememberSigned(view);
    return outcome;
  }
  talk.say(printableLines(renderReview(view.screen)));
  for (const payload of new Set(asked.map((each) => each.payload))) await askConsent(consentTo(payload), ask);
  await makeDirectory(to);
  for (const { payload, canonical } of asked) await createFile(canonical, canonicalize(payload.signed));
  return {
    json: { files: asked.map(({ canonical, signature, key }) => ({ canonical, signature, keyid: key.keyid })) },
    text: asked.map(commandsOf).join('\n'),
  };
}

/** A holder whose key is replaced has two: each is asked for by its own name. */
function askedOf(review: Review, holder: string, to: string): readonly Asked[] {
  const owners = ownersInPlan(review.frozen);
  const asked = review.frozen.payloads.flatMap((payload) => {
    const keys = payload.quorums.flatMap((quorum) => quorum.keys).filter(({ keyid }) => owners.get(keyid) === holder);
    const { canonical } = payloadFiles(payload.role as 'root' | 'targets', payload.version);
    return [...new Map(keys.map((key) => [key.keyid, key])).values()].map((key) => ({
      payload,
      key,
      canonical: join(to, canonical),
      signature: join(to, canonical.replace('.canonical', `.${key.keyid.slice(0, 8)}.sig`)),
    }));
  });
  if (asked.length > 0) return asked;
  throw usage(
    `--holder ${holder}: expected a holder whose key this event asks for, got ${[...new Set(owners.values())].join(', ')}`,
  );
}

function commandsOf({ payload, key, canonical, signature }: Asked): string {
  const { role, version, digest } = payload;
  const commands = key.publicKey?.asymmetricKeyType === 'ed25519' ? ed25519Commands : ecdsaCommands;
  return [
    `${role} v${version}, with key ${key.keyid.slice(0, 8)}`,
    `  sha256sum ${shellWord(canonical)}`,
    `    ${digest}`,
    ...commands(canonical, signature).map((line) => `  ${line}`),
    '',
  ].join('\n');
}

/** Every token signs a digest; not every one hashes as well. */
function ecdsaCommands(canonical: string, signature: string): readonly string[] {
  const [input, digest, output] = [canonical, `${signature}.digest`, signature].map(shellWord);
  return [
    `openssl dgst -sha256 -binary -out ${digest} ${input}`,
    `pkcs11-tool --module MODULE --token-label TOKEN --login --sign --mechanism ECDSA --signature-format openssl --label OBJECT --input-file ${digest} --output-file ${output}`,
    `or: openssl dgst -sha256 -sign KEY.pem -out ${output} ${input}`,
  ];
}

/** `pkcs11-tool` hands a token more than 1 KiB in parts, which no token takes for Ed25519. */
function ed25519Commands(canonical: string, signature: string): readonly string[] {
  const [input, output] = [canonical, signature].map(shellWord);
  return [`openssl pkeyutl -sign -rawin -inkey KEY.pem -in ${input} -out ${output}`];
}

async function complete(review: Review, asked: readonly Asked[]): Promise<readonly SignatureDocument[]> {
  const { plan, planDigest } = review;
  const signatures = asked.map(async ({ payload, key, signature }): Promise<SignatureDocument> => {
    const sig = toHex(await readFileCapped(signature, 1024));
    const { role, version, digest } = payload;
    const document = { role: role as SignatureDocument['role'], version, digest, keyid: key.keyid, sig };
    assertVerifies(review, document, signature);
    return { ...document, repository: plan.repository.id, event: plan.event, revision: plan.revision, planDigest };
  });
  return await Promise.all(signatures);
}

function assertVerifies(
  review: Review,
  document: Pick<SignatureDocument, 'role' | 'keyid' | 'sig'>,
  path: string,
): void {
  try {
    assertSecondOpinion(review, document);
  } catch (cause) {
    throw new ToolkitError('CER_SIGNATURE_INVALID', {
      message: `${path}: expected a signature by key ${document.keyid.slice(0, 8)} over ${document.role} that verifies, got another`,
      fault: 'evidence',
      data: { path, role: document.role, keyid: document.keyid },
      hint: 'it is of another key, over other bytes, or r and s side by side: pkcs11-tool needs --signature-format openssl',
      cause,
    });
  }
}
