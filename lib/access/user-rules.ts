import { isKnownCognito } from '../../src/identity/cognito.ts';
import type { Deployment } from '../deployment.ts';
import { type AuditRule, callsOfOthers } from './audit-rule.ts';
import type { BootstrapPlace } from './key-role-policy.ts';
import { managedCognito } from './placement.ts';

/** Whoever sets a user's password, address or second factor is that user, and gets certificates in their name. */
export function userRules(deployment: Deployment, place: BootstrapPlace): readonly AuditRule[] {
  const issuer = managedCognito(deployment);
  if (issuer === undefined || place.region !== deployment.names.writeRegion) return [];
  return [
    {
      id: 'user-change',
      description: 'Somebody but a deployment changed a user of the identity provider, or how users log in',
      pattern: callsOfOthers(place, {
        ...{ services: ['cognito-idp'], eventName: userChanges },
        ...(isKnownCognito(issuer) && { requestParameters: { userPoolId: [issuer.userPool] } }),
      }),
      runbook: 'alarm-user-change',
      alarming: true,
    },
  ];
}

const userChanges = [
  ...['AdminCreateUser', 'AdminSetUserPassword', 'AdminResetUserPassword', 'AdminUpdateUserAttributes'],
  ...['AdminSetUserMFAPreference', 'AdminSetUserSettings', 'AdminConfirmSignUp', 'AdminEnableUser'],
  ...['AdminLinkProviderForUser', 'CreateUserImportJob', 'StartUserImportJob'],
  ...['UpdateUserPool', 'DeleteUserPool', 'SetUserPoolMfaConfig', 'CreateUserPoolClient', 'UpdateUserPoolClient'],
  ...['CreateIdentityProvider', 'UpdateIdentityProvider', 'CreateUserPoolDomain', 'UpdateUserPoolDomain'],
];
