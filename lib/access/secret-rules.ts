import type { Deployment } from '../deployment.ts';
import { type AuditRule, callsOfOthers } from './audit-rule.ts';
import type { BootstrapPlace } from './key-role-policy.ts';
import { isLog, placedServices } from './placement.ts';

/** Returns the rules about who reads the passwords of a region's databases, and who changes a secret of the instance. */
export function secretRules(deployment: Deployment, place: BootstrapPlace): readonly AuditRule[] {
  const { names } = deployment;
  const shards = placedServices(deployment).filter((service) => isLog(service) && service.region === place.region);
  // What AWS adds to a name begins with a hyphen, as the rest of a longer name may.
  const readers = (id: string) =>
    shards
      .filter((shard) => !shard.frozen && `${shard.id}-`.startsWith(`${id}-`))
      .map((shard) => names.roleArn(shard.id, 'execution'));
  return [
    ...(shards.length > 0 ? [databaseRead('admin', [], deployment, place)] : []),
    ...shards.map(({ id }) => databaseRead(id, readers(id), deployment, place)),
    secretChange(names.instance, place),
  ];
}

/** CloudFormation reads them as well: it tells the database and its users their passwords. */
function databaseRead(
  owner: string,
  readers: readonly string[],
  { names }: Deployment,
  place: BootstrapPlace,
): AuditRule {
  const name = names.databaseSecret(owner);
  // A call names a secret by its name, or by its ARN with or without the characters that AWS adds.
  const secretId = [name, { wildcard: `arn:*:secret:${name}` }, { wildcard: `arn:*:secret:${name}-*` }];
  const makesUsers = names.roleArn('shard-database', 'function');
  return {
    id: `database-secret-of-${owner}`,
    description: `Somebody else read the password of the database user of ${owner}`,
    pattern: callsOfOthers(place, { services, eventName: ['GetSecretValue'], requestParameters: { secretId } }, [
      ...readers,
      makesUsers,
    ]),
    runbook: 'alarm-database-secret-read',
    alarming: true,
  };
}

function secretChange(instance: string, place: BootstrapPlace): AuditRule {
  const eventName = [
    ...['PutSecretValue', 'UpdateSecret', 'UpdateSecretVersionStage', 'RotateSecret', 'DeleteSecret'],
    ...['PutResourcePolicy', 'DeleteResourcePolicy', 'ReplicateSecretToRegions'],
  ];
  const secretId = [{ prefix: `${instance}/` }, { wildcard: `arn:*:secret:${instance}/*` }];
  return {
    id: 'secret-change',
    description: 'Somebody but a deployment changed a secret, copied it, or let others read it',
    pattern: callsOfOthers(place, { services, eventName, requestParameters: { secretId } }),
    runbook: 'alarm-secret-change',
    alarming: true,
  };
}

const services = ['secretsmanager'];
