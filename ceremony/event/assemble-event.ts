import { join } from 'node:path';
import { ToolkitError } from '../../src/core/error.ts';
import { makeDirectory, pathExists, readFileCapped, replaceFile } from '../../src/core/files.ts';
import { maxMetadataBytes, metadataPath } from '../../src/tuf/layout.ts';
import { parseMetadata } from '../../src/tuf/metadata.ts';
import { assemble, type SignedFiles, type SignedMetadata } from '../assemble.ts';
import { assertSameAs } from '../review/refusals.ts';
import type { Review } from '../review/review.ts';
import type { Event } from './event.ts';
import { readSignatures } from './signature-file.ts';

/**
 * Puts the signatures of an event and its payloads together into the files to publish, and writes them.
 *
 * `review` must be of this event, made now: what was reviewed is what is assembled.
 * @throws CER_THRESHOLD_NOT_MET with who is missing; CER_SIGNATURE_FOREIGN, CER_SIGNATURE_INVALID
 */
export async function assembleEvent(event: Event, review: Review): Promise<SignedMetadata> {
  assertSameAs('plan', review.planDigest, event.planDigest);
  const signed = assemble(review.frozen, await readSignatures(event));
  await makeDirectory(event.layout.assembled);
  for (const role of ['targets', 'root'] as const) {
    const metadata = signed.metadata[role];
    if (metadata) await replaceFile(join(event.layout.assembled, metadataPath(role, metadata.version)), metadata.bytes);
  }
  return signed;
}

/**
 * Reads what was assembled. The files must be those of the frozen plan; who signed them is for clients to judge.
 * @throws CER_NOT_ASSEMBLED, CER_PACKET_CONTRADICTS, CORE_FILE_MISSING, TUF_METADATA
 */
export async function readAssembled(event: Event): Promise<SignedFiles> {
  if (!(await pathExists(event.layout.assembled))) throw notAssembled(event);
  const files = event.plan.payloads.map(async ({ role, version, sha256 }) => {
    const path = join(event.layout.assembled, metadataPath(role, version));
    const metadata = parseMetadata(await readFileCapped(path, maxMetadataBytes[role]), role);
    assertSameAs(path, sha256, metadata.canonicalSha256);
    return [role, metadata] as const;
  });
  return { metadata: Object.fromEntries(await Promise.all(files)) };
}

function notAssembled({ layout, plan }: Event): ToolkitError {
  return new ToolkitError('CER_NOT_ASSEMBLED', {
    message: `${layout.directory}: expected the files to publish, got none`,
    fault: 'input',
    data: { event: plan.event },
    hint: `run: sigstead ceremony assemble ${plan.event}`,
  });
}
