import { apiVersion } from './api-version.ts';
import { ctBaseUrl } from './ct-base-url.ts';
import { ctKeyAlgorithm } from './ct-key-algorithm.ts';
import { ctLogIdRule } from './ct-log-id.ts';
import { ctLogTrusted } from './ct-log-trusted.ts';
import { fieldValues } from './field-values.ts';
import { fulcioUrl } from './fulcio-url.ts';
import { keyDetails } from './key-details.ts';
import { knownFields } from './known-fields.ts';
import { logHashAlgorithm } from './log-hash-algorithm.ts';
import { logIdUnique } from './log-id-unique.ts';
import { logKeyUnique } from './log-key-unique.ts';
import { mediaType } from './media-type.ts';
import { oidcOffered } from './oidc-offered.ts';
import { operatorAcrossKinds } from './operator-across-kinds.ts';
import { operatorOwn } from './operator-own.ts';
import { operatorPerService } from './operator-per-service.ts';
import { rekorBaseUrl } from './rekor-base-url.ts';
import { rekorEnd } from './rekor-end.ts';
import { rekorKeyAlgorithm } from './rekor-key-algorithm.ts';
import { rekorLogIdRule } from './rekor-log-id.ts';
import { rekorUrl } from './rekor-url.ts';
import { requiredFields } from './required-fields.ts';
import { selector } from './selector.ts';
import { selectorAny } from './selector-any.ts';
import { serviceAvailable } from './service-available.ts';
import { serviceHttps } from './service-https.ts';
import { serviceStart } from './service-start.ts';
import { serviceTrusted } from './service-trusted.ts';
import { serviceUrlUnique } from './service-url-unique.ts';
import { signingConfigOrder } from './signing-config-order.ts';
import type { FormatRule, TrustRule } from './subject.ts';
import { timestampRequired } from './timestamp-required.ts';
import { timestampsPerBundle } from './timestamps-per-bundle.ts';
import { trustedRootOrder } from './trusted-root-order.ts';
import { tsaUri } from './tsa-uri.ts';
import { tsaUrl } from './tsa-url.ts';
import { validityGap } from './validity-gap.ts';
import { validityOrder } from './validity-order.ts';
import { validityStart } from './validity-start.ts';
import { validityWholeSeconds } from './validity-whole-seconds.ts';

/** Whether clients can read the files at all. */
export const formatRules: readonly FormatRule[] = [mediaType, knownFields, requiredFields, validityStart, fieldValues];

/** Whether clients can sign and verify with files that they can read: keys, times, services, and how they fit. */
export const trustRules: readonly TrustRule[] = [
  rekorBaseUrl,
  ctBaseUrl,
  rekorLogIdRule,
  ctLogIdRule,
  rekorKeyAlgorithm,
  ctKeyAlgorithm,
  keyDetails,
  logHashAlgorithm,
  logKeyUnique,
  logIdUnique,
  rekorEnd,
  tsaUri,
  validityOrder,
  validityWholeSeconds,
  validityGap,
  trustedRootOrder,
  signingConfigOrder,
  apiVersion,
  serviceHttps,
  fulcioUrl,
  rekorUrl,
  tsaUrl,
  serviceUrlUnique,
  operatorOwn,
  operatorPerService,
  operatorAcrossKinds,
  selector,
  selectorAny,
  timestampsPerBundle,
  serviceStart,
  serviceAvailable,
  serviceTrusted,
  ctLogTrusted,
  timestampRequired,
  oidcOffered,
];
