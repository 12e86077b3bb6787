import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { utf8 } from '../../../src/core/bytes.ts';
import { addMs, dayMs } from '../../../src/core/clock.ts';
import type { Signer } from '../../../src/core/signer.ts';
import { signerOf } from '../../../src/keys/signer.ts';
import { compileTrust } from '../../../src/trust/compile.ts';
import type { TrustFiles } from '../../../src/trust/lint.ts';
import type { TrustMaterial } from '../../../src/trust/material.ts';
import {
  issueFulcioIntermediate,
  issueFulcioRoot,
  issueTsaLeaf,
  issueTsaRoot,
} from '../../../src/x509/certificate-factory.ts';
import { type CertificateChain, chainOf } from '../../../src/x509/chain.ts';

export const now = new Date('2026-11-22T10:00:00Z');
export const daysAgo = (days: number): Date => addMs(now, -days * dayMs);

export type Curve = 'prime256v1' | 'secp384r1' | 'secp521r1';

export function ecKey(namedCurve: Curve): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).publicKey;
}

export function ed25519Key(): KeyObject {
  return generateKeyPairSync('ed25519').publicKey;
}

export async function fulcioChain(commonName = 'acme-intermediate'): Promise<CertificateChain> {
  const root = newSigner();
  const period = { notBefore: daysAgo(30), notAfter: daysAgo(-3650) };
  const der = await issueFulcioRoot({ subject: subject('acme-root'), signer: root, ...period });
  const publicKey = ecKey('prime256v1');
  const issuer = { der, signer: root };
  return chainOf(
    await issueFulcioIntermediate({ subject: subject(commonName), publicKey, root: issuer, ...period }),
    der,
  );
}

export async function tsaChain(commonName = 'acme-tsa'): Promise<CertificateChain> {
  const root = newSigner();
  const period = { notBefore: daysAgo(30), notAfter: daysAgo(-3650) };
  const der = await issueTsaRoot({ subject: subject(`${commonName}-root`), signer: root, ...period });
  const publicKey = ecKey('prime256v1');
  const issuer = { der, signer: root };
  return chainOf(await issueTsaLeaf({ subject: subject(commonName), publicKey, root: issuer, ...period }), der);
}

/** A small instance: every authority once, two timestamp authorities, the ages of no two the same. */
export async function sampleMaterial(): Promise<TrustMaterial> {
  return {
    fulcio: [
      {
        url: 'http://127.0.0.1:5001',
        uri: 'https://fulcio.acme.example',
        operator: 'fulcio.acme.example',
        chain: await fulcioChain(),
        validFor: { start: daysAgo(9) },
        signing: true,
      },
    ],
    rekor: [
      {
        shard: 'log2026-1',
        origin: 'log2026-1.acme.example',
        url: 'http://127.0.0.1:5002',
        operator: 'log2026-1.acme.example',
        publicKey: ed25519Key(),
        validFor: { start: daysAgo(8) },
        signing: true,
      },
    ],
    ct: [
      {
        shard: 'ct2026-1',
        origin: 'ct2026-1.acme.example',
        publicKey: ecKey('prime256v1'),
        operator: 'ct2026-1.acme.example',
        validFor: { start: daysAgo(7) },
      },
    ],
    timestamps: [await timestampAuthority('tsa-1', 6), await timestampAuthority('tsa-2', 5)],
    oidc: [{ url: 'http://127.0.0.1:5000', operator: 'oidc.acme.example', validFor: { start: daysAgo(9) } }],
    selection: { timestamps: 'any' },
  };
}

export async function timestampAuthority(name: string, age: number): Promise<TrustMaterial['timestamps'][number]> {
  return {
    name,
    url: `https://${name}.acme.example/api/v1/timestamp`,
    uri: `https://${name}.acme.example/api/v1/timestamp`,
    operator: `${name}.acme.example`,
    chain: await tsaChain(`acme-${name}`),
    validFor: { start: daysAgo(age) },
    signing: true,
  };
}

export async function sampleFiles(): Promise<TrustFiles> {
  return compileTrust(await sampleMaterial(), { now });
}

/** A change of one place of a file: a JSON path and its new value, or `undefined` to take the field out. */
export type Edit = readonly [path: string, value: unknown];

/** Edits both files; a path begins with `root.` or `config.`, e.g. `root.tlogs.0.baseUrl`. */
export function edited(files: TrustFiles, ...edits: readonly Edit[]): TrustFiles {
  const document = { root: parse(files.trustedRoot), config: parse(files.signingConfig) };
  for (const [path, value] of edits) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    const target = names.reduce<unknown>((parent, name) => field(parent, name), document) as Record<string, unknown>;
    if (value === undefined) delete target[last];
    else target[last] = structuredClone(value);
  }
  return { trustedRoot: utf8(JSON.stringify(document.root)), signingConfig: utf8(JSON.stringify(document.config)) };
}

/** The value at a path of the files (see `edited`). */
export function valueAt(files: TrustFiles, path: string): unknown {
  const document = { root: parse(files.trustedRoot), config: parse(files.signingConfig) };
  return path.split('.').reduce<unknown>((parent, name) => field(parent, name), document);
}

export function parse(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

function field(parent: unknown, name: string): unknown {
  return (parent as Record<string, unknown>)[name];
}

function newSigner(): Signer {
  return signerOf(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey, 'memory:test');
}

function subject(commonName: string) {
  return { organization: 'acme', commonName };
}
