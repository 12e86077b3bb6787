import { describe, expect, it } from '@jest/globals';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { managedCognito } from '../../../lib/access/placement.ts';
import { OidcStack } from '../../../lib/stacks/oidc.ts';
import type { CognitoIssuer } from '../../../src/identity/issuer.ts';
import { account, newApp, region, sampleDeployment } from './fixture.ts';

const unknown: CognitoIssuer = { preset: 'cognito', managed: true, redirectPort: 8123 };
const known = { ...unknown, userPool: 'eu-central-1_AbCdEf123', clientId: '1h57kf5cpq17m0eml12EXAMPLE' };

function synthesise(issuer: CognitoIssuer) {
  const stack = new OidcStack(newApp(), 'acme-oidc', {
    env: { account, region },
    deployment: sampleDeployment(),
    issuer,
  });
  return { stack, template: Template.fromStack(stack) };
}

const before = synthesise(unknown);
const after = synthesise(known);

describe('OidcStack', () => {
  it('makes a pool in which nobody signs up alone, and everybody has a second factor that is no SMS', () => {
    after.template.hasResource('AWS::Cognito::UserPool', {
      DeletionPolicy: 'Retain',
      Properties: Match.objectLike({
        MfaConfiguration: 'ON',
        EnabledMfas: ['SOFTWARE_TOKEN_MFA'],
        AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
        AutoVerifiedAttributes: ['email'],
        UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: ['email'] },
        DeletionProtection: 'ACTIVE',
        UserPoolTier: 'ESSENTIALS',
      }),
    });
    expect(after.stack.terminationProtection).toBe(true);
  });

  it('has a public client with one redirect, short sessions, and no way to write an address', () => {
    after.template.hasResourceProperties('AWS::Cognito::UserPoolClient', {
      GenerateSecret: false,
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
      AllowedOAuthFlows: ['code'],
      AllowedOAuthScopes: ['openid', 'email'],
      CallbackURLs: ['http://localhost:8123/auth/callback'],
      WriteAttributes: ['locale'],
      IdTokenValidity: 10,
      RefreshTokenValidity: 60,
      PreventUserExistenceErrors: 'ENABLED',
    });
  });

  it('says which step comes next while the pool has no id, and afterwards what each client needs', () => {
    expect(
      Annotations.fromStack(before.stack).findWarning('*', Match.stringLikeRegexp('UserPoolId and ClientId')),
    ).toHaveLength(1);
    expect(Object.keys(before.template.findOutputs('Flags*'))).toEqual([]);
    expect(Annotations.fromStack(after.stack).findWarning('*', Match.anyValue())).toEqual([]);
    expect(after.template.findOutputs('FlagsCosign')['FlagsCosign']?.['Value']).toContain(
      '--oidc-redirect-url http://localhost:8123/auth/callback',
    );
  });

  it('has the same pool before and after: writing its id down does not replace it', () => {
    const poolOf = (template: Template) => template.findResources('AWS::Cognito::UserPool');
    expect(poolOf(after.template)).toEqual(poolOf(before.template));
  });
});

describe('managedCognito', () => {
  it('finds the pool that the deployment makes, and no other', () => {
    const { config } = sampleDeployment();
    expect(managedCognito({ config })).toBeUndefined();
    expect(managedCognito({ config: { ...config, issuers: [known] } })).toEqual(known);
    expect(managedCognito({ config: { ...config, issuers: [{ ...known, managed: false }] } })).toBeUndefined();
  });
});
