import type { KeyObject, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { DeleteObjectsCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { spkiOf } from '../../../src/core/digest.ts';
import { readFileCapped } from '../../../src/core/files.ts';
import { waitFor } from '../../../src/core/wait.ts';
import { s3Store } from '../../../src/store/s3-store.ts';
import { auditLog, type LogAudit, type LogEntries, type LogKind } from '../../../src/tlog/audit.ts';
import { checkpointPath, type VerifiedCheckpoint, verifyCheckpoint } from '../../../src/tlog/checkpoint.ts';
import { ctLogId, ctNoteVerifier } from '../../../src/tlog/ct-key.ts';
import { type CtLeaf, parseLeafIndex } from '../../../src/tlog/ct-leaf.ts';
import { maxNoteBytes, type NoteVerifier } from '../../../src/tlog/note.ts';
import { rekorNoteVerifier } from '../../../src/tlog/rekor-key.ts';
import { maxTileBytes } from '../../../src/tlog/tiles.ts';
import { parseTrustMaterial } from '../../../src/trust/material.ts';
import { account, type EmulatedAws, region } from './emulated-aws.ts';
import type { MariaDb } from './mariadb.ts';

/** A deployed log shard, as anybody knows it who can read its bucket. */
export interface DeployedLog<Kind extends LogKind = LogKind> {
  readonly kind: Kind;
  /** Of its service. */
  readonly id: string;
  readonly bucket: string;
  /** Its database, and that database's user. */
  readonly database: string;
  readonly origin: string;
  readonly publicKey: KeyObject;
  readonly verifier: NoteVerifier;
}

/** An instance, and where its files are. */
export interface LogOwner {
  readonly instance: string;
  readonly directory: string;
}

/** Returns the first shard of each log, with what was recorded of it. */
export async function deployedLogs(
  aws: EmulatedAws,
  { instance, directory }: LogOwner = { instance: 'acme', directory: aws.directory },
): Promise<{ readonly rekor: DeployedLog<'rekor'>; readonly ct: DeployedLog<'ct'> }> {
  const file = join(directory, 'trust-material.json');
  const { rekor: rekors, ct: cts } = parseTrustMaterial(await readFileCapped(file, 1 << 20), file);
  const [rekor, ct] = [rekors[0], cts[0]];
  if (!rekor || !ct) throw new Error(`${file}: no logs`);
  const placeOf = (id: string) => ({
    id,
    bucket: `${instance}-${id}-${account}-${region}`,
    database: id.replaceAll('-', '_'),
  });
  return {
    rekor: {
      ...{ kind: 'rekor', ...placeOf(`rekor-${rekor.shard}`), origin: rekor.origin, publicKey: rekor.publicKey },
      verifier: rekorNoteVerifier(rekor.origin, rekor.publicKey),
    },
    ct: {
      ...{ kind: 'ct', ...placeOf(`ct-${ct.shard}`), origin: ct.origin, publicKey: ct.publicKey },
      verifier: ctNoteVerifier(ct.origin, ct.publicKey),
    },
  };
}

/** Returns an object of the log's bucket, or `undefined`. */
export async function readLog({ bucket }: DeployedLog, path: string): Promise<Uint8Array | undefined> {
  return await s3Store(`s3://${bucket}`).read(path, maxTileBytes);
}

export async function publishedCheckpoint(log: DeployedLog): Promise<VerifiedCheckpoint> {
  const bytes = await s3Store(`s3://${log.bucket}`).read(checkpointPath, maxNoteBytes);
  if (bytes === undefined) throw new Error(`${log.bucket}: no checkpoint`);
  return verifyCheckpoint(bytes, log);
}

/** Derives a log again from what lies in its bucket. */
export async function auditBucket<Kind extends LogKind>(log: DeployedLog<Kind>): Promise<LogAudit<LogEntries[Kind]>> {
  const checkpoint = await publishedCheckpoint(log);
  return await auditLog({ checkpoint, kind: log.kind, readTile: (path) => readLog(log, path) });
}

/** Passes if the log holds what a certificate's SCT promises, at the index that it promises. */
export function assertCertificateLogged(
  leaves: readonly CtLeaf[],
  certificate: X509Certificate,
  log: DeployedLog<'ct'>,
): void {
  const index = promisedIndex(certificate, log);
  const leaf = leaves[index];
  const tbs = Buffer.from(leaf?.type === 'precert_entry' ? leaf.tbsCertificate : []);
  const isThere =
    tbs.includes(Buffer.from(spkiOf(certificate.publicKey))) &&
    tbs.includes(Buffer.from(certificate.serialNumber, 'hex'));
  if (!isThere) throw new Error(`certificate ${certificate.serialNumber}: is not at index ${index} of ${log.origin}`);
}

/** Reads the SCT behind the log's ID, which is a hash and stands nowhere else (RFC 6962 §3.2): time, extensions. */
function promisedIndex({ raw, serialNumber }: X509Certificate, { publicKey }: DeployedLog<'ct'>): number {
  const id = ctLogId(publicKey);
  const at = raw.indexOf(Buffer.from(id));
  if (at < 0) throw new Error(`certificate ${serialNumber}: no SCT of this log`);
  const extensions = at + id.length + 8;
  return parseLeafIndex(raw.subarray(extensions + 2, extensions + 2 + raw.readUInt16BE(extensions)), 'SCT');
}

/** Removes every version of an object, as nobody can who is not root and meets no lock. */
export async function destroyObject({ bucket: Bucket }: DeployedLog, key: string): Promise<void> {
  const s3 = new S3Client({});
  const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: key }));
  const Objects = [...Versions, ...DeleteMarkers]
    .filter(({ Key }) => Key === key)
    .map(({ Key = '', VersionId }) => ({ Key, VersionId }));
  const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  if (Errors.length > 0) throw new Error(`${Bucket}/${key}: ${Errors[0]?.Message}`);
}

/** A copy of a database beside it, as a snapshot of the cluster holds one. */
export class DatabaseCopy {
  readonly #server: MariaDb;
  readonly #original: string;
  readonly #copy: string;

  private constructor(server: MariaDb, names: { readonly original: string; readonly copy: string }) {
    this.#server = server;
    this.#original = names.original;
    this.#copy = names.copy;
  }

  /** Nobody may write meanwhile. */
  static async take(server: MariaDb, names: { readonly original: string; readonly copy: string }) {
    const taken = new DatabaseCopy(server, names);
    await server.run(`CREATE DATABASE ${names.copy}`);
    for (const table of await taken.#tables()) {
      const [from, to] = [`${names.original}.${table}`, `${names.copy}.${table}`];
      await server.run(`CREATE TABLE ${to} LIKE ${from}`, `INSERT INTO ${to} SELECT * FROM ${from}`);
    }
    return taken;
  }

  /** Puts everything in the database back to what it was. */
  async restore(): Promise<void> {
    for (const table of await this.#tables()) {
      const [from, to] = [`${this.#copy}.${table}`, `${this.#original}.${table}`];
      await this.#server.run(`TRUNCATE TABLE ${to}`, `INSERT INTO ${to} SELECT * FROM ${from}`);
    }
  }

  async #tables(): Promise<readonly string[]> {
    const list = `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = '${this.#original}'`;
    return (await this.#server.query(list)).map(({ name }) => String(name));
  }
}

/** Ends every connection of a log's servers, as a failover of the cluster does, as soon as there is one. */
export async function dropConnections(server: MariaDb, { database: user }: DeployedLog): Promise<void> {
  const find = `SELECT ID FROM information_schema.PROCESSLIST WHERE USER = '${user}'`;
  await waitFor(async () => (await server.query(find)).length > 0, { what: `${user} to connect`, timeoutMs: 20_000 });
  await server.run(`KILL HARD CONNECTION USER '${user}'@'%'`);
}
