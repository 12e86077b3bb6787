import { ToolkitError } from '../src/core/error.ts';
import { databaseCaFile } from '../src/services/ct-log.ts';
import { kekUri, keysetFile } from '../src/services/rekor.ts';
import { keyAddress } from './key-address.ts';
import {
  databasePort,
  hsmEnvironment,
  hsmSecrets,
  type Placement,
  passwordVariable,
  type RenderedContainer,
} from './render.ts';

/** The program that ends a shard. */
export const freezeProgram = 'freeze-log';

/**
 * Renders the one-off task that ends a log shard. It has no start gate: it proves itself that the log is whole.
 * @throws AWS_RENDER if the placement is not of a log with a key in KMS, an HSM or a keyset
 * @throws AWS_KEY_ALIAS, AWS_KEY_REGION, AWS_KEY_ACCOUNT
 */
export function renderFreeze(service: string, place: Placement): RenderedContainer {
  const { region, database } = place;
  if (!database) throw notALog(service);
  const inHsm = place.hsm !== undefined;
  return {
    entryPoint: ['/entry'],
    command: freezeCommand(service, place),
    environment: {
      AWS_REGION: region,
      SIGSTEAD_FILES: JSON.stringify({
        [databaseCaFile]: database.caPem,
        ...(place.tink && { [keysetFile]: place.tink.keyset }),
      }),
      ...(inHsm && hsmEnvironment(service, place)),
      SIGSTEAD_ENV: JSON.stringify({ [passwordVariable]: `\${env:${passwordVariable}}` }),
    },
    secrets: { [passwordVariable]: 'password', ...(inHsm && hsmSecrets) },
    ports: [],
  };
}

/**
 * Returns the command line that ends a log shard. Without a database in the placement it looks at the published log
 * alone: the way out for a log whose database is lost, or was set back.
 * @throws AWS_RENDER if the placement is not of a log with a key in KMS, an HSM or a keyset
 * @throws AWS_KEY_ALIAS, AWS_KEY_REGION, AWS_KEY_ACCOUNT
 */
export function freezeCommand(service: string, place: Placement): readonly string[] {
  const { names, region, log, database } = place;
  if (!log) throw notALog(service);
  const flags = {
    kind: log.kind,
    origin: log.origin,
    bucket: names.bucket(service, region),
    ...keyFlags(service, place),
    ...(database && {
      'db-host': database.host,
      'db-port': String(databasePort),
      'db-name': names.database(service),
      'db-user': names.database(service),
      'db-tls-ca': `\${file:${databaseCaFile}}`,
    }),
  };
  return [`/bin/${freezeProgram}`, ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)];
}

function keyFlags(service: string, place: Placement): Readonly<Record<string, string>> {
  if (!place.tink) return { 'kms-key': keyAddress(service, place) };
  return { 'tink-kek': kekUri(place.tink.uri), 'tink-keyset': `\${file:${keysetFile}}` };
}

function notALog(service: string): ToolkitError {
  return new ToolkitError('AWS_RENDER', { message: `${service}: it is no log that could be frozen`, fault: 'caller' });
}
