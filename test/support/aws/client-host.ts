import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CosignClient } from '../../../operate/clients/cosign.ts';
import { SigstoreJsClient } from '../../../operate/clients/sigstore-js.ts';
import { SigstorePythonClient } from '../../../operate/clients/sigstore-python.ts';
import { shellWord } from '../../../src/core/shell.ts';
import { findProgram } from '../../../src/process/find-program.ts';
import type { Host } from './network.ts';
import { onHost } from './network.ts';

/** The machine of somebody who signs: it finds the instance by its names, and trusts who certified them. */
export interface ClientHost {
  readonly cosign: CosignClient;
  readonly sigstoreJs: SigstoreJsClient;
  /** Absent where it is not installed. */
  readonly sigstorePython: SigstorePythonClient | undefined;
}

export async function clientHost(options: {
  readonly host: Host;
  readonly directory: string;
  readonly caBundle: string;
  readonly cosign: string;
}): Promise<ClientHost> {
  const { host, directory, caBundle, cosign } = options;
  const wrap = async (name: string, file: string) => {
    const path = join(directory, name);
    const trust = ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE'].map((each) => `${each}=${caBundle}`);
    const words = ['/usr/sbin/ip', ...onHost(host, 'env', ...trust, file)].map(shellWord).join(' ');
    await writeFile(path, `#!/bin/sh\nexec ${words} "$@"\n`);
    await chmod(path, 0o755);
    return path;
  };
  const { SIGSTEAD_SIGSTORE_PYTHON: named, PATH: path = '' } = process.env;
  const python = await findProgram(named || 'sigstore', path);
  return {
    cosign: new CosignClient(await wrap('cosign', cosign), 'built'),
    sigstoreJs: new SigstoreJsClient(await wrap('node', process.execPath), process.version),
    sigstorePython:
      python === undefined ? undefined : new SigstorePythonClient(await wrap('sigstore', python), 'installed'),
  };
}
