import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portNames } from '../../local/endpoints.ts';
import { createFacts, StateDirectory, type StateFacts } from '../../local/state.ts';
import { type RunRecord, writeRecord } from '../../operate/run-record.ts';
import { formatTrustMaterial, type TrustMaterial } from '../../src/trust/material.ts';
import { sampleMaterial } from '../src/trust/sample.ts';
import { minimalConfig } from './minimal-config.ts';

/** A state directory as an instance leaves it, without the instance. Disposing removes it. */
export interface LocalState extends AsyncDisposable {
  readonly state: StateDirectory;
  readonly facts: StateFacts;
  readonly material: TrustMaterial;
}

/** Issued once: what is in it is no concern of those who only need some. */
let sample: Promise<TrustMaterial> | undefined;

export async function localState(name = 'state'): Promise<LocalState> {
  const directory = await mkdtemp(join(tmpdir(), 'sigstead-test-'));
  const state = new StateDirectory(join(directory, name));
  const ports = Object.fromEntries(portNames(await minimalConfig()).map((port, index) => [port, 20_000 + index]));
  const createdAt = new Date('2026-11-22T10:00:00Z');
  const facts = { id: '0123456789abcdef', instanceName: 'local', domain: 'sigstead.test', createdAt, ports };
  await createFacts(state, facts);
  await mkdir(state.run, { recursive: true });
  sample ??= sampleMaterial();
  const material = await sample;
  await writeFile(state.materialFile, formatTrustMaterial(material));
  return { state, facts, material, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

/** Writes the record of an `up` that runs in this process. */
export async function recordUp(state: StateDirectory, change: Partial<RunRecord> = {}): Promise<void> {
  await writeRecord(state, { phase: 'ready', testGrant: false, clientId: 'sigstore', ...change });
}
