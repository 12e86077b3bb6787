import { Annotations, CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import {
  AccountRecovery,
  CfnManagedLoginBranding,
  ClientAttributes,
  FeaturePlan,
  ManagedLoginVersion,
  Mfa,
  OAuthScope,
  UserPool,
  type UserPoolClient,
} from 'aws-cdk-lib/aws-cognito';
import type { Construct } from 'constructs';
import {
  cognitoClientFlags,
  cognitoIssuerUrl,
  cognitoRedirectUrl,
  isKnownCognito,
} from '../../src/identity/cognito.ts';
import type { CognitoIssuer } from '../../src/identity/issuer.ts';
import type { Deployment } from '../deployment.ts';

export interface OidcStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly issuer: CognitoIssuer;
}

/**
 * A Cognito user pool as identity provider: people whom an administrator made, each with a second factor, and a public
 * client whose sessions are short. Tokens name an e-mail address; whoever can set it can sign as anybody, so no client
 * may write it, and nobody signs up alone.
 */
export class OidcStack extends Stack {
  readonly userPool: UserPool;
  readonly client: UserPoolClient;

  constructor(scope: Construct, id: string, { deployment, issuer, ...props }: OidcStackProps) {
    super(scope, id, {
      description: `Identity provider of ${deployment.names.instance}`,
      terminationProtection: true,
      ...props,
    });
    const { names } = deployment;
    this.userPool = this.#pool(names.instance);
    this.client = this.#client(issuer);
    const domain = this.userPool.addDomain('Login', {
      cognitoDomain: { domainPrefix: `${names.instance}-${names.account}` },
      managedLoginVersion: ManagedLoginVersion.NEWER_MANAGED_LOGIN,
    });
    // Without a style the new pages are not shown.
    new CfnManagedLoginBranding(this, 'Style', {
      userPoolId: this.userPool.userPoolId,
      clientId: this.client.userPoolClientId,
      useCognitoProvidedValues: true,
    }).node.addDependency(domain);
    this.#announce(issuer);
  }

  #pool(instance: string): UserPool {
    return new UserPool(this, 'Users', {
      userPoolName: instance,
      featurePlan: FeaturePlan.ESSENTIALS,
      selfSignUpEnabled: false,
      signInAliases: { email: true },
      signInCaseSensitive: false,
      autoVerify: { email: true },
      // A changed address is not in tokens before its owner has answered.
      keepOriginal: { email: true },
      standardAttributes: { email: { required: true, mutable: true } },
      mfa: Mfa.REQUIRED,
      mfaSecondFactor: { otp: true, sms: false },
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      passwordPolicy: {
        minLength: 14,
        requireLowercase: true,
        requireUppercase: true,
        requireDigits: true,
        requireSymbols: false,
        passwordHistorySize: 5,
        tempPasswordValidity: Duration.days(3),
      },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  #client(issuer: CognitoIssuer): UserPoolClient {
    return this.userPool.addClient('Signers', {
      // Public: a secret that every signer has is none. PKCE stands in.
      generateSecret: false,
      // The prober has no browser. The second factor is asked for all the same.
      authFlows: { userPassword: true },
      oAuth: {
        flows: { authorizationCodeGrant: true, implicitCodeGrant: false, clientCredentials: false },
        scopes: [OAuthScope.OPENID, OAuthScope.EMAIL],
        callbackUrls: [cognitoRedirectUrl(issuer)],
      },
      readAttributes: new ClientAttributes().withStandardAttributes({ email: true, emailVerified: true }),
      // Nothing of the person: an empty list would mean everything.
      writeAttributes: new ClientAttributes().withStandardAttributes({ locale: true }),
      idTokenValidity: Duration.minutes(10),
      accessTokenValidity: Duration.minutes(10),
      refreshTokenValidity: Duration.hours(1),
      authSessionValidity: Duration.minutes(3),
      enableTokenRevocation: true,
      preventUserExistenceErrors: true,
    });
  }

  #announce(issuer: CognitoIssuer): void {
    const { userPoolId } = this.userPool;
    new CfnOutput(this, 'UserPoolId', { value: userPoolId, description: 'userPool of the issuer in sigstead.yaml' });
    new CfnOutput(this, 'ClientId', {
      value: this.client.userPoolClientId,
      description: 'clientId of the issuer in sigstead.yaml',
    });
    new CfnOutput(this, 'IssuerUrl', {
      value: `https://cognito-idp.${this.region}.${this.urlSuffix}/${userPoolId}`,
      description: 'what tokens say as iss',
    });
    if (!isKnownCognito(issuer)) {
      Annotations.of(this).addWarningV2(
        'sigstead:cognito-not-recorded',
        'the user pool has no id yet: deploy this stack, copy its outputs UserPoolId and ClientId into sigstead.yaml, and deploy again',
      );
      return;
    }
    for (const { client, text } of cognitoClientFlags(issuer)) {
      const name = client.replace(/(?:^|-)([a-z])/g, (_all, letter: string) => letter.toUpperCase());
      new CfnOutput(this, `Flags${name}`, {
        value: text,
        description: `how ${client} signs with ${cognitoIssuerUrl(issuer.userPool)}`,
      });
    }
  }
}
