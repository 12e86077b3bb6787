import { X509Certificate } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findProgram, systemPath } from '../../src/process/find-program.ts';
import { runProgram } from '../../src/process/run-program.ts';
import { parseChain } from '../../src/x509/chain.ts';
import type { JudgesVerdict } from './judges.ts';
import type { People } from './people.ts';
import type { Stage } from './stage.ts';

/** What came of one event of an offline authority. */
export interface RootEventRun {
  readonly event: string;
  readonly kind: string;
  readonly written: string;
  readonly judges: readonly JudgesVerdict[];
}

const ca = 'fulcio-root';

/**
 * Makes an offline root whose key is born in a token (or in memory, where the rehearsal has none), proves that the
 * shares of its people open it, and has it issue an intermediate.
 */
export async function rehearseOfflineRoots(stage: Stage, people: People): Promise<readonly RootEventRun[]> {
  const [first = '', second = ''] = people.ids;
  const authorisedBy = `authorisedBy: [${first}, ${second}]`;
  const place = await stage.holderKeys.newRoot(ca);
  const shares = `{ threshold: ${people.policy.root.threshold}, holders: [${people.ids.join(', ')}] }`;
  const genesis = await runRootEvent(stage, people, {
    kind: 'ca-genesis',
    intent: `${authorisedBy}\nca: ${ca}\ncustody: ${place.custody}\nyears: 20\nshares: ${shares}\nsubject: { organization: REHEARSAL, commonName: REHEARSAL root }\npolicyUrl: https://rehearsal.example/cps/v1.0.html#root-keys\n`,
    options: [...place.options, '--sheets', stage.path('sheets')],
  });
  const sheets = await readSheets(stage.path('sheets'));
  stage.sheets = [...sheets];
  await stage.coordinator('ceremony', 'ca-backup', 'verify', ca, ...place.opened, '--allow-network');
  await writeServerKey(stage, people);
  stage.sheets = [...sheets];
  const issue = await runRootEvent(stage, people, {
    kind: 'ca-issue',
    intent: `${authorisedBy}\nissuer: ${ca}\nprofile: fulcio-intermediate\nkey: inbox/fulcio.pem\ndays: 365\nsubject: { organization: REHEARSAL, commonName: REHEARSAL intermediate }\n`,
    options: place.opened,
  });
  const root = join(stage.rootSigning, 'cas', ca, 'root.pem');
  return [
    { ...genesis, judges: await judge(stage, root, root) },
    { ...issue, judges: await judge(stage, root, issue.written) },
  ];
}

interface RootEvent {
  readonly kind: 'ca-genesis' | 'ca-issue';
  readonly intent: string;
  readonly options: readonly string[];
}

async function runRootEvent(stage: Stage, people: People, event: RootEvent): Promise<Omit<RootEventRun, 'judges'>> {
  const { kind, intent, options } = event;
  const name = `rehearsal-${kind}`;
  const file = stage.path(`${name}.yaml`);
  await writeFile(file, `kind: ${kind}\nreason: rehearsal of ${kind}\n${intent}`);
  await stage.coordinator('ceremony', 'ca', 'plan', file, '--event', name, '--rehearsal');
  for (const id of people.ids.slice(0, 2)) {
    const key = people.key(id).options;
    await stage.coordinator('ceremony', 'ca', 'authorise', name, ...key, '--allow-network', '--as', id);
  }
  const { json } = await stage.coordinator('ceremony', 'ca', 'run', name, ...options, '--allow-network');
  const { written } = json as unknown as { written: readonly string[] };
  return { event: name, kind, written: written.find((path) => path.endsWith('.pem')) ?? '' };
}

/** The public key of a server that is to be issued a certificate. */
async function writeServerKey(stage: Stage, people: People): Promise<void> {
  const [id = ''] = people.ids;
  const path = join(stage.rootSigning, 'inbox', 'fulcio.pem');
  await mkdir(dirname(path), { recursive: true });
  // Any public key will do: nobody runs this server.
  await copyFile(join(stage.rootSigning, 'keyholders', id, 'pub.pem'), path);
}

/** Reads the sheets as their holders do, each a page of its own. */
async function readSheets(directory: string): Promise<readonly string[]> {
  const pages = (await readdir(directory)).sort().map(async (name) => await readFile(join(directory, name), 'utf8'));
  const shares = (await Promise.all(pages)).map((page) =>
    [...page.matchAll(/<pre>(.*?)<\/pre>/g)].map(([, line]) => line),
  );
  return shares.map((lines) => lines.join(' '));
}

async function judge(stage: Stage, rootFile: string, certificateFile: string): Promise<readonly JudgesVerdict[]> {
  const [root, certificate] = await Promise.all([rootFile, certificateFile].map(firstCertificate));
  const accepts = root !== undefined && certificate?.checkIssued(root) === true && certificate.verify(root.publicKey);
  const own: JudgesVerdict = { judge: 'node:crypto', verdict: accepts ? 'accepts' : 'refuses' };
  const openssl = await findProgram('openssl', systemPath);
  if (openssl === undefined || certificate === undefined) return [own];
  const leaf = stage.path('judged.pem');
  await writeFile(leaf, certificate.toString());
  const ran = await runProgram({
    file: openssl,
    args: ['verify', '-x509_strict', '-CAfile', rootFile, leaf],
    timeoutMs: 30_000,
  });
  const says = `${ran.stdout}${ran.stderr}`.trim();
  return [
    own,
    ran.exitCode === 0 ? { judge: 'openssl', verdict: 'accepts' } : { judge: 'openssl', verdict: 'refuses', says },
  ];
}

async function firstCertificate(path: string): Promise<X509Certificate | undefined> {
  const [der] = parseChain(await readFile(path, 'utf8'), path).der;
  return der && new X509Certificate(der);
}
