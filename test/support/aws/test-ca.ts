import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../../../src/process/run-program.ts';

/** A certificate authority for the names of one test. */
export interface TestCa {
  readonly file: string;
  readonly pem: string;
  /** Issues a certificate for names and addresses. */
  issue(name: string, ...names: readonly string[]): Promise<{ readonly certificate: string; readonly key: string }>;
}

export async function makeTestCa(directory: string): Promise<TestCa> {
  await mkdir(directory, { recursive: true });
  const at = (name: string) => join(directory, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-days',
    '2',
    '-subj',
    '/CN=test CA',
  );
  return {
    file: at('ca.pem'),
    pem: await readFile(at('ca.pem'), 'utf8'),
    issue: async (name, ...names) => {
      const [key, request, certificate] = [at(`${name}.key`), at(`${name}.csr`), at(`${name}.pem`)];
      const alternatives = names.map((each) => `${/^[\d.]+$/.test(each) ? 'IP' : 'DNS'}:${each}`).join(',');
      await writeFile(at(`${name}.ext`), `subjectAltName=${alternatives}\nextendedKeyUsage=serverAuth\n`);
      await openssl('req', ...newKey, '-keyout', key, '-out', request, '-subj', `/CN=${name}`);
      const issuer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial'];
      await openssl(
        'x509',
        '-req',
        '-in',
        request,
        ...issuer,
        '-days',
        '2',
        '-extfile',
        at(`${name}.ext`),
        '-out',
        certificate,
      );
      return { certificate, key };
    },
  };
}

async function openssl(...args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runProgram({ file: '/usr/bin/openssl', args, timeoutMs: 30_000 });
  if (exitCode !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
}
