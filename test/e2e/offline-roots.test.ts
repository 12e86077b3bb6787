import { execFileSync } from 'node:child_process';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openCaEvent } from '../../ceremony/ca/event.ts';
import { ceremonyCaAuthoriseCommand } from '../../ceremony/verbs/ca-authorise.ts';
import {
  ceremonyCaBackupRestoreCommand,
  ceremonyCaBackupSplitCommand,
  ceremonyCaBackupVerifyCommand,
} from '../../ceremony/verbs/ca-backup.ts';
import { ceremonyCaPlanCommand } from '../../ceremony/verbs/ca-plan.ts';
import { ceremonyCaRunCommand } from '../../ceremony/verbs/ca-run.ts';
import type { Ask, Command } from '../../src/cli/command.ts';
import { parseCommand } from '../../src/cli/parse.ts';
import { parseHex } from '../../src/core/bytes.ts';
import { unfollowed } from '../../src/core/moment.ts';
import { silentProgress } from '../../src/core/progress.ts';
import { wordsOf } from '../../src/core/words.ts';
import { createFileKey } from '../../src/keys/file-key.ts';
import { initToken } from '../../src/keys/pkcs11/init-token.ts';
import { Pkcs11Module } from '../../src/keys/pkcs11/module.ts';
import { parseChain } from '../../src/x509/chain.ts';
import { CaBench, crossIntent, genesisIntent, issueIntent, rootSigner } from '../support/ca-bench.ts';
import { exportEnvironment, type SoftHsm, softHsm } from '../support/soft-hsm.ts';

/* The verbs, as people use them at a terminal; the tokens are SoftHSM's, and OpenSSL judges what was issued. */

const pin = '74203';
const passphrase = 'of a holder';
let directory: string;
let hsm: SoftHsm;
let module: Pkcs11Module;
let bench: CaBench;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sigstead-offline-roots-'));
  hsm = await softHsm(directory);
  exportEnvironment(hsm);
  module = await Pkcs11Module.open(hsm.modulePath);
  for (const label of ['root-a', 'root-b', 'copy']) {
    const slot = module.listTokens().find(({ initialised }) => !initialised)?.slot ?? -1;
    await initToken({ module, slot, label, soPin: '87654321', userPin: pin });
  }
  bench = await CaBench.begin();
  for (const id of ['alice', 'bob']) await enrolFileKey(id);
});

afterAll(async () => {
  module.close();
  await bench[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** Holders sign with keys that the command line can open. */
async function enrolFileKey(id: string): Promise<void> {
  const path = join(directory, `${id}.pem`);
  const signer = await createFileKey({ path, passphrase, algorithm: 'ecdsa-p256-sha256' });
  await bench.enrol(id, signer);
}

interface Person {
  /** Digest whose words consent asks for. */
  readonly digest?: string;
  readonly phrase?: string;
  /** Answers to secret questions, by what is asked. */
  readonly secrets?: (question: string) => string | undefined;
}

/** Runs a verb; the person types what the screen asks for, and no question is left without an answer. */
async function run(command: Command, words: readonly string[], person: Person = {}) {
  const ask: Ask = {
    line: async (question) => {
      const place = /type word (\d+) of 32/.exec(question)?.[1];
      if (place !== undefined) return wordsOf(parseHex(person.digest ?? ''))[Number(place) - 1] ?? '';
      return person.phrase ?? '';
    },
    secret: async (question) => {
      const answer = person.secrets?.(question);
      if (answer === undefined) throw new Error(`was asked: ${question}`);
      return answer;
    },
  };
  const talk: string[] = [];
  const outcome = await command.run({
    version: '0.0.0',
    ...parseCommand(command, [...words, '--dir', bench.directory]),
    environment: {},
    talk: { isTerminal: false, say: (line) => void talk.push(line), warn: (line) => void talk.push(line) },
    ask,
    progress: silentProgress,
    signal: new AbortController().signal,
    clock: { now: () => bench.now },
    reached: unfollowed,
    emit: async () => undefined,
  });
  return { json: outcome?.json as Record<string, string>, text: outcome?.text ?? '', talk: talk.join('\n') };
}

/** Plans an event, and has both holders authorise it. */
async function authorised(name: string, intent: string): Promise<string> {
  const file = join(directory, `${name}.yaml`);
  await writeFile(file, intent);
  const { json } = await run(ceremonyCaPlanCommand, [file, '--event', name]);
  const digest = json['planSha256'] ?? '';
  const { plan } = await openCaEvent(bench.layout, name);
  for (const id of ['alice', 'bob']) {
    const words = [name, '--signer', `file:${join(directory, `${id}.pem`)}`, '--allow-network', '--as', id];
    const phrase = `AUTHORISE ${plan.kind} ${plan.ca}`;
    await run(ceremonyCaAuthoriseCommand, words, { digest, phrase, secrets: () => passphrase });
  }
  return digest;
}

async function runEvent(name: string, intent: string, words: readonly string[], secrets: (question: string) => string) {
  const digest = await authorised(name, intent);
  const { plan } = await openCaEvent(bench.layout, name);
  const person = { digest, phrase: `RUN ${plan.kind} ${plan.ca}`, secrets };
  const all = [name, ...words, '--module', hsm.modulePath, '--allow-network'];
  return await run(ceremonyCaRunCommand, all, person);
}

/** Reads the sheets of an authority as its holders do. */
async function sheetsIn(sheets: string): Promise<readonly string[]> {
  const read = (await readdir(sheets)).sort().map(async (name) => {
    const page = await readFile(join(sheets, name), 'utf8');
    return [...page.matchAll(/<pre>(.*?)<\/pre>/g)].map(([, line]) => line).join(' ');
  });
  return await Promise.all(read);
}

/** Answers the first question for a sheet with the first of these, and so on. */
function typed(sheets: readonly string[]) {
  const left = [...sheets];
  return (question: string) => (question.startsWith('PIN') ? pin : (left.shift() ?? ''));
}

async function genesis(name: string, custody: 'token' | 'shares', token?: string) {
  const sheets = join(directory, `sheets-${name}`);
  const keyFile = join(directory, `${name}.pem`);
  const ca = name.startsWith('tsa') ? 'tsa-root' : 'fulcio-root';
  const place = token === undefined ? ['--key-to', keyFile] : ['--signer', `pkcs11:token=${token};object=${name}`];
  const intent = genesisIntent({ ca, name, custody });
  const ran = await runEvent(`genesis-${name}`, intent, [...place, '--sheets', sheets], () => pin);
  return { ...ran, keyFile, sheets: await sheetsIn(sheets), root: join(bench.directory, 'cas', name, 'root.pem') };
}

function openssl(...args: readonly string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

async function leafOf(path: string): Promise<string> {
  const [der] = parseChain(await readFile(path, 'utf8'), path).der;
  const leaf = `${path}.leaf`;
  await writeFile(leaf, new X509Certificate(der ?? '').toString());
  return leaf;
}

async function serverKey(): Promise<void> {
  const pem = createPublicKey(rootSigner('server').publicKey.export({ type: 'spki', format: 'pem' }));
  await bench.file('inbox/server.pem', pem.export({ type: 'spki', format: 'pem' }).toString());
}

describe('custody in a token', () => {
  it('makes a root, proves its shares, issues, and cross-signs a standby both ways', async () => {
    const a = await genesis('fulcio-root', 'token', 'root-a');
    const b = await genesis('standby', 'token', 'root-b');
    expect(openssl('x509', '-in', a.root, '-noout', '-text')).toContain('CA:TRUE, pathlen:2');
    const { document } = await bench.authority('fulcio-root');
    expect(document).toMatchObject({ keyAttributes: { local: true, neverExtractable: true, sensitive: true } });
    expect(document.keyUri).toContain('token=root-a');
    expect(JSON.stringify([a.json, a.text, a.talk])).not.toContain(pin);

    const verify = ['fulcio-root', '--module', hsm.modulePath, '--allow-network'];
    const proof = await run(ceremonyCaBackupVerifyCommand, verify, { secrets: typed(a.sheets.slice(2)) });
    expect(proof.json).toMatchObject({ ca: 'fulcio-root', by: ['carol', 'dave', 'erin'] });
    expect((await bench.authority('fulcio-root')).proofs).toHaveLength(1);

    await serverKey();
    const issue = issueIntent('fulcio-intermediate', 'standby');
    const issued = await leafOf(String((await runEvent('issue', issue, [], typed(b.sheets))).json['written']));
    expect(openssl('verify', '-CAfile', b.root, issued)).toContain(': OK');

    const there = await runEvent('there', crossIntent('fulcio-root', 'standby'), [], typed(a.sheets));
    const back = await runEvent('back', crossIntent('standby', 'fulcio-root'), [], typed(b.sheets));
    const cross = String(there.json['written']);
    expect(openssl('verify', '-CAfile', a.root, '-untrusted', cross, issued)).toContain(': OK');
    expect(openssl('verify', '-CAfile', b.root, String(back.json['written']))).toContain(': OK');
    expect(() => openssl('verify', '-CAfile', a.root, issued)).toThrow();
  });

  it('refuses a label that the token has, and makes no authority', async () => {
    const intent = genesisIntent({ name: 'again', custody: 'token' });
    const words = ['--signer', 'pkcs11:token=root-a;object=fulcio-root', '--sheets', join(directory, 'sheets-again')];
    const again = runEvent('again', intent, words, () => pin);
    await expect(again).rejects.toThrowToolkit('KEY_TOKEN_LABEL_TAKEN', { token: 'root-a' });
    expect((await bench.room()).authorities.has('again')).toBe(false);
  });
});

describe('custody in shares', () => {
  it('makes a root, proves a copy, issues with shares, and again with a token that it was restored to', async () => {
    const { sheets, keyFile, root, json } = await genesis('tsa-root', 'shares');
    expect(json).toMatchObject({ kind: 'ca-genesis', sheets: { length: 5 } });
    expect(await readFile(keyFile, 'utf8')).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);

    const copy = ['tsa-root', '--signer', `file:${keyFile}`, '--allow-network'];
    const proof = await run(ceremonyCaBackupVerifyCommand, copy, { secrets: typed(sheets) });
    expect(proof.json).toMatchObject({ by: ['alice', 'bob', 'carol'] });

    await serverKey();
    const issue = issueIntent('tsa-leaf', 'tsa-root');
    const first = await runEvent('leaf-1', issue, ['--signer', `file:${keyFile}`], typed(sheets.slice(1)));
    const leaf = await leafOf(String(first.json['written']));
    expect(openssl('verify', '-purpose', 'timestampsign', '-CAfile', root, leaf)).toContain(': OK');
    expect(openssl('x509', '-in', leaf, '-noout', '-text')).toMatch(/Extended Key Usage: critical\s+Time Stamping/);

    const token = 'pkcs11:token=copy;object=tsa-root';
    const restore = ['tsa-root', '--key', keyFile, '--signer', token, '--module', hsm.modulePath, '--allow-network'];
    await run(ceremonyCaBackupRestoreCommand, restore, { secrets: typed(sheets) });
    const second = await runEvent('leaf-2', issue, ['--signer', token], typed([]));
    const other = await leafOf(String(second.json['written']));
    expect(openssl('verify', '-purpose', 'timestampsign', '-CAfile', root, other)).toContain(': OK');
    const transcript = join(bench.directory, 'ca-events', 'leaf-2', 'transcript.jsonl');
    expect((await readFile(transcript, 'utf8')).match(/"verb":"ca (plan|authorise|run)"/g)).toHaveLength(4);
  });

  it('names the sheet that is wrong, of another authority, or there already', async () => {
    const sheets = await sheetsIn(join(directory, 'sheets-tsa-root'));
    const others = await sheetsIn(join(directory, 'sheets-standby'));
    const [one = '', two = ''] = sheets;
    const words = ['tsa-root', '--signer', `file:${join(directory, 'tsa-root.pem')}`, '--allow-network'];
    const given = async (...texts: readonly string[]) =>
      await run(ceremonyCaBackupVerifyCommand, words, { secrets: typed(texts) });
    const wrong = two.replace(/\S+$/, (word) => (word === 'Ohio' ? 'Pacific' : 'Ohio'));
    await expect(given(one, wrong)).rejects.toThrowToolkit('KEY_SHARE_DAMAGED', { sheet: 'sheet 2 of 3 of tsa-root' });
    await expect(given(one, others[1] ?? '')).rejects.toThrowToolkit('KEY_SHARE_FOREIGN', { subject: 'standby' });
    await expect(given(one, one)).rejects.toThrowToolkit('KEY_SHARE_REPEATED', { holder: 'alice' });
  });

  it('makes new sheets from those in use; the old ones are refused from then on', async () => {
    const old = await sheetsIn(join(directory, 'sheets-tsa-root'));
    const place = join(directory, 'sheets-new');
    const holders = ['frank', 'bob', 'carol'].flatMap((id) => ['--holder', id]);
    const words = ['tsa-root', '--sheets', place, '--threshold', '2', ...holders, '--allow-network'];
    await run(ceremonyCaBackupSplitCommand, words, { secrets: typed(old) });
    bench.now = new Date(bench.now.getTime() + 60_000);
    const verify = ['tsa-root', '--signer', `file:${join(directory, 'tsa-root.pem')}`, '--allow-network'];
    const proved = await run(ceremonyCaBackupVerifyCommand, verify, { secrets: typed(await sheetsIn(place)) });
    expect(proved.json).toMatchObject({ by: ['frank', 'bob'] });
    const again = run(ceremonyCaBackupVerifyCommand, verify, { secrets: typed(old) });
    await expect(again).rejects.toThrowToolkit('KEY_SHARE_FOREIGN');
  });

  it('refuses an authority that is not there, a token for a file, and consent that is not typed', async () => {
    const none = run(ceremonyCaBackupVerifyCommand, ['other', '--allow-network']);
    await expect(none).rejects.toThrowToolkit('CER_NO_CA', { name: 'other' });
    const sheets = await sheetsIn(join(directory, 'sheets-new'));
    const words = ['tsa-root', '--signer', 'pkcs11:token=copy;object=tsa-root', '--allow-network'];
    await expect(run(ceremonyCaBackupVerifyCommand, words, { secrets: typed(sheets) })).rejects.toThrowToolkit(
      'CLI_USAGE',
    );
    const digest = await authorised('declined', issueIntent('tsa-leaf', 'tsa-root'));
    const declined = run(ceremonyCaRunCommand, ['declined', '--allow-network'], { digest, phrase: 'yes' });
    await expect(declined).rejects.toThrowToolkit('CLI_DECLINED');
  });
});
