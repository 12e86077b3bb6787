import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/*
 * node once.ts verify DIRECTORY ROOT TIME sigstead|tuf-js | plan DIRECTORY | sign URI MODULE
 *
 * Does one piece of work in a process of its own, as a command does, and prints how many milliseconds it took after
 * everything was loaded. `verify` lets the client that is named go first. `sign` reads the PIN from its input.
 */
const [work = '', ...rest] = process.argv.slice(2);

switch (work) {
  case 'verify':
    print(await verify(rest));
    break;
  case 'plan':
    print(await plan(rest));
    break;
  case 'sign':
    print(await sign(rest));
    break;
}

/** The same by our client and by tuf-js, which `ceremony verify` runs one after the other. */
async function verify([directory = '', root = '', time = '', first]: readonly string[]) {
  const { directoryStore } = await import('../../src/store/directory-store.ts');
  const { judgeRepository } = await import('../../src/tuf/judge.ts');
  const { verifyRepository } = await import('../../src/tuf/repository.ts');
  const store = directoryStore(directory);
  const client = { read: store.read.bind(store), pinnedRoot: await readFile(root), now: new Date(time) };
  const targets = await targetNames(directory);
  const clients = {
    // The archive has the metadata of a delegated role, and not its files.
    sigstead: () => timed(() => verifyRepository({ ...client, delegatedFilesOptional: true })),
    'tuf-js': () => timed(() => judgeRepository({ ...client, targets })),
  };
  if (first === 'sigstead') return { sigstead: await clients.sigstead(), 'tuf-js': await clients['tuf-js']() };
  return { 'tuf-js': await clients['tuf-js'](), sigstead: await clients.sigstead() };
}

async function targetNames(directory: string): Promise<readonly string[]> {
  const name = (await readdir(directory)).find((each) => /^\d+\.targets\.json$/.test(each)) ?? '';
  const { signed } = JSON.parse(await readFile(join(directory, name), 'utf8')) as { signed: { targets: object } };
  return Object.keys(signed.targets);
}

/** Opens the directory, which verifies all that it holds; then plans, lints and writes. */
async function plan([directory = '']: readonly string[]) {
  const { planNewEvent } = await import('../../ceremony/event/plan-event.ts');
  const { RootSigningLayout } = await import('../../ceremony/root-signing/layout.ts');
  const { openRootSigning } = await import('../../ceremony/root-signing/open.ts');
  const { parseIntent } = await import('../../src/config/intent.ts');
  const intent = parseIntent('kind: renew\nreason: bench\n', 'intent.yaml');
  const layout = new RootSigningLayout(directory);
  const started = performance.now();
  const rootSigning = await openRootSigning(layout);
  const open = performance.now() - started;
  const options = { rootSigning, intent, name: 'bench', now: new Date(), rehearsal: true };
  return { open, plan: await timed(() => planNewEvent(options)) };
}

async function sign([uri = '', modulePath = '']: readonly string[]) {
  const { openSigner } = await import('../../src/keys/open-signer.ts');
  const given = (await text(process.stdin)).trim();
  const pin = async () => given;
  const message = new Uint8Array(4_096);
  const once = async () => {
    const signer = await openSigner(uri, { pin, passphrase: pin }, { modulePath });
    await signer.sign(message);
    signer.close();
  };
  return { sign: await timed(once) };
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

function print(times: Readonly<Record<string, number>>): void {
  process.stdout.write(`${JSON.stringify(times)}\n`);
}
