import type { ChainRule } from '../chain-rule.ts';
import { caBasicConstraints } from './ca-basic-constraints.ts';
import { caKeyUsage } from './ca-key-usage.ts';
import { caSubjectKeyIdentifier } from './ca-subject-key-identifier.ts';
import { certificateAuthorityKeyIdentifier } from './certificate-authority-key-identifier.ts';
import { certificateCriticalExtensions } from './certificate-critical-extensions.ts';
import { certificateExtensionsUnique } from './certificate-extensions-unique.ts';
import { certificateIdentifiersNotCritical } from './certificate-identifiers-not-critical.ts';
import { certificateNamed } from './certificate-named.ts';
import { certificateSerial } from './certificate-serial.ts';
import { certificateSignatureAlgorithm } from './certificate-signature-algorithm.ts';
import { certificateSignatureAlgorithmAgrees } from './certificate-signature-algorithm-agrees.ts';
import { certificateTimeForm } from './certificate-time-form.ts';
import { certificateVersion } from './certificate-version.ts';
import { chainFirstKey } from './chain-first-key.ts';
import { chainKeyStrength } from './chain-key-strength.ts';
import { chainNoDuplicates } from './chain-no-duplicates.ts';
import { chainOrder } from './chain-order.ts';
import { chainOutlives } from './chain-outlives.ts';
import { chainPathLength } from './chain-path-length.ts';
import { chainPurposeNests } from './chain-purpose-nests.ts';
import { chainSelfSignedRoot } from './chain-self-signed-root.ts';
import { chainSignatures } from './chain-signatures.ts';
import { chainValidNow } from './chain-valid-now.ts';
import { chainValidityNests } from './chain-validity-nests.ts';
import { fulcioCodeSigning } from './fulcio-code-signing.ts';
import { fulcioNoNameConstraints } from './fulcio-no-name-constraints.ts';
import { fulcioPublicKeys } from './fulcio-public-keys.ts';
import { fulcioPurposeNotCritical } from './fulcio-purpose-not-critical.ts';
import { fulcioRootOffline } from './fulcio-root-offline.ts';
import { tsaChainLength } from './tsa-chain-length.ts';
import { tsaIntermediateTimeStamping } from './tsa-intermediate-time-stamping.ts';
import { tsaLeafKeyUsage } from './tsa-leaf-key-usage.ts';
import { tsaLeafNotCa } from './tsa-leaf-not-ca.ts';
import { tsaLeafPublicKey } from './tsa-leaf-public-key.ts';
import { tsaLeafPurposeCritical } from './tsa-leaf-purpose-critical.ts';
import { tsaLeafTimeStamping } from './tsa-leaf-time-stamping.ts';

/** What holds for every chain: first the chain as a whole, then each certificate, then each authority. */
export const chainRules: readonly ChainRule[] = [
  chainNoDuplicates,
  chainOrder,
  chainSignatures,
  chainSelfSignedRoot,
  chainValidNow,
  chainValidityNests,
  chainOutlives,
  chainFirstKey,
  chainKeyStrength,
  chainPathLength,
  chainPurposeNests,
  certificateVersion,
  certificateSerial,
  certificateNamed,
  certificateTimeForm,
  certificateSignatureAlgorithm,
  certificateSignatureAlgorithmAgrees,
  certificateExtensionsUnique,
  certificateCriticalExtensions,
  certificateIdentifiersNotCritical,
  certificateAuthorityKeyIdentifier,
  caBasicConstraints,
  caKeyUsage,
  caSubjectKeyIdentifier,
];

/** The rules for the chain that Fulcio issues with. */
export const fulcioRules: readonly ChainRule[] = [
  ...chainRules,
  fulcioCodeSigning,
  fulcioPurposeNotCritical,
  fulcioPublicKeys,
  fulcioRootOffline,
  fulcioNoNameConstraints,
];

/** The rules for the chain that a timestamp authority signs with. */
export const tsaRules: readonly ChainRule[] = [
  ...chainRules,
  tsaChainLength,
  tsaLeafNotCa,
  tsaLeafPublicKey,
  tsaLeafTimeStamping,
  tsaLeafPurposeCritical,
  tsaLeafKeyUsage,
  tsaIntermediateTimeStamping,
];
