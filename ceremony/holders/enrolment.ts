import { createPublicKey, type KeyObject } from 'node:crypto';
import { formatInstant } from '../../src/core/clock.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { type Format, formatDocument } from '../../src/core/formatted.ts';
import { type JsonObject, toJson } from '../../src/core/json.ts';
import { boolean, instant, matching, object, oneOf, optional, parsed, text } from '../../src/core/shape.ts';
import type { KeyAttributes } from '../../src/keys/pkcs11/key-objects.ts';
import { tufKey } from '../../src/tuf/key.ts';
import { formatPem } from '../../src/x509/pem.ts';
import { parseOneCertificate } from '../../src/x509/piv-chain.ts';
import { editedHint, line, maxDocumentBytes, parseAsWritten } from './document.ts';
import { type Invitation, invitationFields, invitationShape } from './invitation.ts';

/** The device as it calls itself; only an attestation proves any of it. */
export interface KeyDevice {
  readonly kind: 'pkcs11' | 'file';
  readonly label?: string | undefined;
  readonly manufacturer?: string | undefined;
  readonly model?: string | undefined;
  readonly serial?: string | undefined;
  readonly firmware?: string | undefined;
}

/** PEM of what the device says of the key, and of the device's own certificate. */
export interface AttestationCertificates {
  readonly keyCertificate: string;
  readonly deviceCertificate: string;
}

/** Everything that a holder says of a key; the proof covers all of it. */
export interface EnrolmentStatement {
  readonly invitation: Invitation;
  readonly publicKey: KeyObject;
  readonly device: KeyDevice;
  /** As the module of the token tells them. */
  readonly keyAttributes?: KeyAttributes | undefined;
  readonly attestation?: AttestationCertificates | undefined;
  /** By the clock of the holder's machine. */
  readonly created: Date;
}

/** A holder's answer to an invitation: well-formed, and not verified yet. */
export interface Enrolment extends EnrolmentStatement {
  /** Signature over `proofMessage`, in hexadecimal. */
  readonly proof: string;
}

const enrolmentFormat: Format<Enrolment> = {
  name: 'sigstead-enrolment/v1',
  read: object({
    invitation: invitationShape,
    publicKey: parsed(matching(/^-----BEGIN PUBLIC KEY-----\n/, 'a PEM public key'), readPublicKey),
    device: object({
      kind: oneOf('pkcs11', 'file'),
      label: optional(line),
      manufacturer: optional(line),
      model: optional(line),
      serial: optional(line),
      firmware: optional(line),
    }),
    keyAttributes: optional(
      object({
        sensitive: boolean,
        extractable: boolean,
        alwaysSensitive: boolean,
        neverExtractable: boolean,
        local: boolean,
        alwaysAuthenticate: boolean,
      }),
    ),
    attestation: optional(parsed(object({ keyCertificate: text, deviceCertificate: text }), normalAttestation)),
    created: instant,
    proof: matching(/^([0-9a-f]{2}){1,256}$/, 'a signature in hexadecimal'),
  }),
  maxBytes: maxDocumentBytes,
  code: 'CER_ENROLMENT',
  hint: editedHint,
};

/**
 * Parses an enrolment, strictly. Nothing is verified but that the key is of a type that every client reads.
 * @throws CER_ENROLMENT, CORE_TOO_LARGE, CORE_JSON
 */
export function parseEnrolment(bytes: Uint8Array, what = 'enrolment'): Enrolment {
  return parseAsWritten(bytes, enrolmentFormat, { write: formatEnrolment, what });
}

export function formatEnrolment(enrolment: Enrolment): string {
  return formatDocument(enrolmentFormat, { ...statementFields(enrolment), proof: enrolment.proof });
}

/** Returns the document without its proof: what the proof is over. */
export function formatStatement(statement: EnrolmentStatement): string {
  return formatDocument(enrolmentFormat, statementFields(statement));
}

export function publicKeyPem(publicKey: KeyObject): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

/**
 * Returns the same certificates in LF lines of 64 characters, however the program that wrote them broke its lines.
 * @throws X509_PEM, X509_CERTIFICATE
 */
export function normalAttestation(certificates: AttestationCertificates): AttestationCertificates {
  return {
    keyCertificate: oneCertificate(certificates.keyCertificate, 'attestation of the key'),
    deviceCertificate: oneCertificate(certificates.deviceCertificate, 'attestation of the device'),
  };
}

function oneCertificate(pem: string, what: string): string {
  return formatPem('CERTIFICATE', parseOneCertificate(pem, what).der);
}

/** Names come in one order, whatever the order of those who made the parts. */
function statementFields(statement: EnrolmentStatement): JsonObject {
  const { invitation, publicKey, device, keyAttributes, attestation, created } = statement;
  const { kind, label, manufacturer, model, serial, firmware } = device;
  const fields = {
    invitation: invitationFields(invitation),
    publicKey: publicKeyPem(publicKey),
    device: { kind, label, manufacturer, model, serial, firmware },
    keyAttributes: keyAttributes && attributeFields(keyAttributes),
    attestation: attestation && {
      keyCertificate: attestation.keyCertificate,
      deviceCertificate: attestation.deviceCertificate,
    },
    created: formatInstant(created),
  };
  return toJson(fields) as JsonObject;
}

function attributeFields(attributes: KeyAttributes): JsonObject {
  const { sensitive, extractable, alwaysSensitive, neverExtractable, local, alwaysAuthenticate } = attributes;
  return { sensitive, extractable, alwaysSensitive, neverExtractable, local, alwaysAuthenticate };
}

/** @throws CER_ENROLMENT, TUF_KEY */
function readPublicKey(pem: string): KeyObject {
  try {
    const publicKey = createPublicKey(pem);
    tufKey(publicKey);
    return publicKey;
  } catch (cause) {
    if (cause instanceof ToolkitError) throw cause;
    const message = 'expected a PEM public key';
    throw new ToolkitError('CER_ENROLMENT', { message, fault: 'input', hint: editedHint, cause });
  }
}
