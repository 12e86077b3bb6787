import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseUtf8 } from '../../src/core/bytes.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { isErrno, ToolkitError } from '../../src/core/error.ts';
import { pathExists, readFileCapped, readFileIfPresent } from '../../src/core/files.ts';
import { parseFormatted } from '../../src/core/formatted.ts';
import { unreadable } from '../../src/core/unreadable.ts';
import type { ShareSet } from '../../src/keys/shares.ts';
import { type Certificate, parseCertificate } from '../../src/x509/certificate.ts';
import { parseChain } from '../../src/x509/chain.ts';
import { holderIdPattern } from '../holders/document.ts';
import type { RootSigningLayout } from '../root-signing/layout.ts';
import {
  type CaDocument,
  caFormat,
  type ProofDocument,
  proofFormat,
  type RetiredDocument,
  retiredFormat,
  shareSetFormat,
} from './documents.ts';
import { CaLayout, casDirectory } from './layout.ts';

/** One offline authority, as its directory has it. */
export interface Authority {
  readonly name: string;
  readonly layout: CaLayout;
  readonly document: CaDocument;
  /** Its root. */
  readonly certificate: Certificate;
  /** The sets of shares, the one in use last. */
  readonly shares: readonly ShareSet[];
  /** Oldest first. */
  readonly proofs: readonly ProofDocument[];
  /** How many other roots it has vouched for. */
  readonly crossSigned: number;
  readonly retired: RetiredDocument | undefined;
}

const maxFileBytes = 65_536;

/**
 * Reads every authority of `cas/`, by name.
 * @throws CER_CA_FILE, CER_CA_DIRECTORY, X509_PEM, CORE_JSON
 * @throws CER_CA_CHANGED (evidence) if a root is not the one that its record names
 */
export async function readAuthorities(layout: RootSigningLayout): Promise<ReadonlyMap<string, Authority>> {
  const authorities = new Map<string, Authority>();
  const directory = casDirectory(layout);
  for (const name of await listNames(directory)) {
    if (!holderIdPattern.test(name)) throw foreignEntry(join(directory, name));
    // What an interrupted genesis left is no authority yet.
    if (!(await pathExists(new CaLayout(layout, name).document))) continue;
    authorities.set(name, await readAuthority(layout, name));
  }
  return authorities;
}

/** Returns how many certificates an authority has issued, or cross-signed. */
export async function countFiles(directory: string): Promise<number> {
  return (await listNames(directory)).length;
}

async function readAuthority(rootSigning: RootSigningLayout, name: string): Promise<Authority> {
  const layout = new CaLayout(rootSigning, name);
  const document = parseFormatted(await readFileCapped(layout.document, maxFileBytes), caFormat, layout.document);
  const pem = parseUtf8(await readFileCapped(layout.root, maxFileBytes), layout.root);
  const [der = new Uint8Array()] = parseChain(pem, layout.root).der;
  if (sha256Hex(der) !== document.certificateSha256 || document.name !== name) throw changed(layout, document);
  const retired = await readFileIfPresent(layout.retired, maxFileBytes);
  return {
    name,
    layout,
    document,
    certificate: parseCertificate(der, layout.root),
    shares: await readAll(layout.shares, (bytes, path) => parseFormatted(bytes, shareSetFormat, path)),
    proofs: await readAll(layout.proofs, (bytes, path) => parseFormatted(bytes, proofFormat, path)),
    crossSigned: await countFiles(layout.cross),
    retired: retired && parseFormatted(retired, retiredFormat, layout.retired),
  };
}

/**
 * Returns the set of shares that is in use.
 * @throws CER_CA_NO_SHARES
 */
export function sharesInUse({ name, shares, layout }: Authority): ShareSet {
  const last = shares.at(-1);
  if (last) return last;
  throw new ToolkitError('CER_CA_NO_SHARES', {
    message: `${layout.shares}: expected the record of the shares of ${name}, found none`,
    fault: 'input',
    data: { ca: name },
    hint: 'put it back from a copy of root-signing/: without it no share can be checked',
  });
}

async function readAll<T>(directory: string, parse: (bytes: Uint8Array, path: string) => T): Promise<readonly T[]> {
  const values: T[] = [];
  for (const name of await listNames(directory)) {
    const path = join(directory, name);
    values.push(parse(await readFileCapped(path, maxFileBytes), path));
  }
  return values;
}

/** In order: all names begin with a number or a date. */
async function listNames(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return [];
    throw unreadable(directory, error);
  });
  return names.filter((name) => !name.startsWith('.')).sort();
}

function changed({ document: path, root }: CaLayout, { name, certificateSha256 }: CaDocument): ToolkitError {
  return new ToolkitError('CER_CA_CHANGED', {
    message: `${root}: expected the certificate of ${name} with SHA-256 ${certificateSha256}, as ${path} has it`,
    fault: 'evidence',
    data: { root, ca: name, certificateSha256 },
    hint: 'one of the two files was changed, or the directory was renamed: compare them with the transcript of the genesis',
  });
}

function foreignEntry(path: string): ToolkitError {
  return new ToolkitError('CER_CA_DIRECTORY', {
    message: `${path}: expected a directory named for an authority, of a-z, 0-9 and "-"`,
    fault: 'input',
    data: { path },
    hint: 'move away what is not an authority',
  });
}
