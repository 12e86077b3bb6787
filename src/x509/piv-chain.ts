import { equalBytes } from '../core/bytes.ts';
import { formatInstant } from '../core/clock.ts';
import { sha256Hex } from '../core/digest.ts';
import { ToolkitError } from '../core/error.ts';
import type { Certificate } from './certificate.ts';
import { certificatesOf, parseChain } from './chain.ts';
import { keyWeakness } from './good-key.ts';
import { nameOfOid, oid } from './oids.ts';
import type { PinnedRoot } from './yubico-roots.ts';

/** Whose word is taken for what a device is. */
export interface AttestationTrust {
  readonly roots: readonly PinnedRoot[];
  /** PEM of the authorities that may stand between a root and a device. Devices do not carry them. */
  readonly intermediates: readonly string[];
}

interface AttestationChain extends AttestationTrust {
  readonly key: Certificate;
  readonly device: Certificate;
  readonly now: Date;
}

const maxIntermediates = 4;

const signatureAlgorithms: readonly string[] = [
  oid.rsaWithSha256,
  oid.rsaWithSha384,
  oid.rsaWithSha512,
  oid.ecdsaWithSha256,
  oid.ecdsaWithSha384,
  oid.ecdsaWithSha512,
];

/**
 * Verifies key ← device ← (intermediates) ← pinned root and returns the root. Yubico's certificates break the rules
 * that servers hold theirs to (no NULL in an algorithm, constraints that are not critical), so those are not asked here.
 * @throws X509_ATTESTATION_CHAIN
 */
export function verifyAttestationChain(chain: AttestationChain): { readonly name: string; readonly sha256: string } {
  const roots = chain.roots.map(readPinned);
  const { root, path } = pathFrom(chain, roots);
  const certificates = [chain.key, ...path, root.certificate];
  // Keys of early devices can be factored (ROCA), and then attest whatever somebody likes.
  const weakness = keyWeakness(chain.device.publicKey);
  if (weakness) throw fail(chain.device, weakness);
  certificates.forEach((certificate, index) => {
    assertValid(certificate, chain.now);
    const issuer = certificates[index + 1];
    if (issuer) assertIssued(certificate, issuer, index);
  });
  return { name: root.certificate.label, sha256: root.sha256 };
}

interface Root {
  readonly certificate: Certificate;
  readonly sha256: string;
}

function readPinned({ pem, sha256 }: PinnedRoot): Root {
  const certificate = parseOneCertificate(pem, `attestation root ${sha256.slice(0, 8)}`);
  if (sha256Hex(certificate.der) === sha256) return { certificate, sha256 };
  throw fail(certificate, `expected the root with SHA-256 ${sha256}, got ${sha256Hex(certificate.der)}`);
}

/** Goes up by name from the device to a pinned root; whether the signatures are right is looked at afterwards. */
function pathFrom(chain: AttestationChain, roots: readonly Root[]) {
  const path = [chain.device];
  for (let top: Certificate | undefined = chain.device; top && path.length <= maxIntermediates + 1; ) {
    const { issuer }: Certificate = top;
    const isIssuer = ({ subject }: Certificate): boolean => equalBytes(subject, issuer);
    const root = roots.find(({ certificate }) => isIssuer(certificate));
    if (root) return { root, path };
    top = chain.intermediates.map((pem) => parseOneCertificate(pem, 'attestation intermediate')).find(isIssuer);
    if (top) path.push(top);
  }
  throw fail(chain.device, 'expected a device certificate below a pinned root, got one by an unknown issuer');
}

function assertValid(certificate: Certificate, now: Date): void {
  const { notBefore, notAfter } = certificate;
  if (now >= notBefore.at && now <= notAfter.at) return;
  const period = `${formatInstant(notBefore.at)} to ${formatInstant(notAfter.at)}`;
  throw fail(certificate, `expected ${formatInstant(now)} to be within ${period}`);
}

/** A key in a slot of the device is certified too: without the constraints its owner could attest others with it. */
function assertIssued(certificate: Certificate, issuer: Certificate, authoritiesBelow: number): void {
  const { signatureAlgorithm: algorithm } = certificate;
  const { basicConstraints } = issuer;
  if (!basicConstraints?.isCa) throw fail(issuer, 'expected a certificate authority');
  if ((basicConstraints.pathLength ?? authoritiesBelow) < authoritiesBelow) {
    throw fail(issuer, `expected at most ${basicConstraints.pathLength} authorities below it, got ${authoritiesBelow}`);
  }
  if (!signatureAlgorithms.includes(algorithm.oid) || !equalBytes(algorithm.outer, algorithm.inner)) {
    throw fail(certificate, `expected a signature over SHA-2, got ${nameOfOid(algorithm.oid)}`);
  }
  if (!equalBytes(certificate.issuer, issuer.subject) || !certificate.isSignedBy(issuer.publicKey)) {
    throw fail(certificate, `expected it to be issued and signed by ${JSON.stringify(issuer.label)}`);
  }
}

/** @throws X509_PEM, X509_CERTIFICATE */
export function parseOneCertificate(pem: string, what: string): Certificate {
  const [certificate, ...others] = certificatesOf(parseChain(pem, what), what);
  if (certificate && others.length === 0) return certificate;
  throw new ToolkitError('X509_PEM', {
    message: `${what}: expected one PEM certificate, got ${others.length + 1}`,
    fault: 'input',
    data: { what },
    hint: 'put each certificate in a file of its own',
  });
}

function fail(certificate: Certificate, reason: string): ToolkitError {
  return new ToolkitError('X509_ATTESTATION_CHAIN', {
    message: `attestation: certificate ${JSON.stringify(certificate.label)}: ${reason}`,
    fault: 'evidence',
    data: { certificate: certificate.label, reason },
    hint: 'read both certificates from the device again; if they stay the same, do not trust the device',
  });
}
