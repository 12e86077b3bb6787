import { ToolkitError } from '../src/core/error.ts';
import { databaseCaFile } from '../src/services/ct-log.ts';
import { databasePort, keyArnOf, type Placement, passwordVariable, type RenderedContainer } from './render.ts';

/** The program that ends a shard. */
export const freezeProgram = 'freeze-log';

/**
 * Renders the one-off task that ends a log shard. It has no start gate: it proves itself that the log is whole, and a
 * log that the gate refuses has to be frozen all the same.
 * @throws AWS_RENDER if the placement is not of a log with a KMS key
 * @throws AWS_KEY_ALIAS, AWS_KEY_REGION, AWS_KEY_ACCOUNT
 */
export function renderFreeze(service: string, place: Placement): RenderedContainer {
  const { names, region, log, database } = place;
  if (!log || !database) {
    throw new ToolkitError('AWS_RENDER', { message: `${service}: it is no log that could be frozen`, fault: 'caller' });
  }
  const flags = {
    kind: log.kind,
    origin: log.origin,
    bucket: names.bucket(service, region),
    'kms-key': `awskms:///${keyArnOf(service, place)}`,
    'db-host': database.host,
    'db-port': String(databasePort),
    'db-name': names.database(service),
    'db-user': names.database(service),
    'db-tls-ca': `\${file:${databaseCaFile}}`,
  };
  return {
    entryPoint: ['/entry'],
    command: [`/bin/${freezeProgram}`, ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)],
    environment: {
      AWS_REGION: region,
      SIGSTEAD_FILES: JSON.stringify({ [databaseCaFile]: database.caPem }),
      SIGSTEAD_ENV: JSON.stringify({ [passwordVariable]: `\${env:${passwordVariable}}` }),
    },
    secrets: { [passwordVariable]: 'password' },
    ports: [],
  };
}
