import { RemovalPolicy } from 'aws-cdk-lib';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';

export interface DatabaseSecretProps {
  readonly secretName: string;
  readonly username: string;
  readonly description: string;
}

/** Makes a secret with `username` and `password` of a database user. Only AWS ever sees the password. */
export function databaseSecret(scope: Construct, id: string, props: DatabaseSecretProps): ISecret {
  const { secretName, username, description } = props;
  const secret = new Secret(scope, id, {
    secretName,
    description,
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ username }),
      generateStringKey: 'password',
      // Letters and digits: it stands in a DSN, where some of the others would mean something.
      excludeCharacters: ' !"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
      passwordLength: 32,
    },
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  });
  // The library's types are not exact about what may be undefined.
  return secret as ISecret;
}
