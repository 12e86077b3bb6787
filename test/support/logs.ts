import { readFile } from 'node:fs/promises';
import { edgeUrl } from '../../local/endpoints.ts';
import { StateDirectory, type StateFacts } from '../../local/state.ts';
import { readInstanceFacts } from '../../operate/instance-facts.ts';
import { toHex } from '../../src/core/bytes.ts';
import { request, requestBody } from '../../src/core/http.ts';
import { ctLogId } from '../../src/services/ct-log.ts';
import { rekorId } from '../../src/services/rekor.ts';
import { auditLog, type LogAudit, type LogKind } from '../../src/tlog/audit.ts';
import { checkpointPath, verifyCheckpoint } from '../../src/tlog/checkpoint.ts';
import { ctNoteVerifier } from '../../src/tlog/ct-key.ts';
import { leafHash } from '../../src/tlog/merkle.ts';
import { maxNoteBytes } from '../../src/tlog/note.ts';
import { rekorNoteVerifier } from '../../src/tlog/rekor-key.ts';
import { maxTileBytes, type TileReader } from '../../src/tlog/tiles.ts';
import { parseTrustMaterial } from '../../src/trust/material.ts';

/** Every leaf of a log, in hex and in order. */
export type Leaves = readonly string[];

export interface InstanceLogs {
  readonly rekor: Leaves;
  readonly ct: Leaves;
}

/** Audits both logs of a running instance through its gateway, as a monitor outside would, with the published keys. */
export async function auditInstance(statePath: string): Promise<InstanceLogs> {
  const state = new StateDirectory(statePath);
  const facts = await readInstanceFacts(state);
  const material = parseTrustMaterial(await readFile(state.materialFile), state.materialFile);
  const [rekor, ct] = [material.rekor[0], material.ct[0]];
  if (!rekor || !ct) throw new Error(`${state.materialFile}: no logs`);
  return {
    rekor: leavesOf(await audit('rekor', facts, rekorId(rekor.shard), { ...rekor, verifierOf: rekorNoteVerifier })),
    ct: leavesOf(await audit('ct', facts, ctLogId(ct.shard), { ...ct, verifierOf: ctNoteVerifier })),
  };
}

/** Returns the leaf that each entry of a bundle promises, with the index that the log gave it. */
export async function promisedLeaves(bundleFile: string): Promise<readonly { index: number; leaf: string }[]> {
  const bundle = JSON.parse(await readFile(bundleFile, 'utf8')) as {
    verificationMaterial: { tlogEntries: { logIndex?: string; canonicalizedBody: string }[] };
  };
  return bundle.verificationMaterial.tlogEntries.map(({ logIndex, canonicalizedBody }) => ({
    // JSON of protobuf leaves a zero out.
    index: Number(logIndex ?? '0'),
    leaf: toHex(leafHash(Buffer.from(canonicalizedBody, 'base64'))),
  }));
}

interface Log {
  readonly origin: string;
  readonly publicKey: Parameters<typeof rekorNoteVerifier>[1];
  readonly verifierOf: typeof rekorNoteVerifier;
}

async function audit<Kind extends LogKind>(kind: Kind, facts: StateFacts, service: string, log: Log) {
  const url = edgeUrl(facts, service);
  const checkpoint = verifyCheckpoint(await requestBody(`${url}/${checkpointPath}`, { maxBytes: maxNoteBytes }), {
    origin: log.origin,
    verifier: log.verifierOf(log.origin, log.publicKey),
  });
  return await auditLog({ kind, checkpoint, readTile: httpTiles(url) });
}

function httpTiles(url: string): TileReader {
  return async (path) => {
    const answer = await request(`${url}/${path}`, { maxBytes: maxTileBytes });
    return answer.status === 200 ? answer.body : undefined;
  };
}

function leavesOf(audited: LogAudit<unknown>): Leaves {
  return audited.leafHashes.map(toHex);
}
