import { qrSvg } from '../../src/cli/qr.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { createFile } from '../../src/core/files.ts';
import { payloadQr } from '../air-gap/qr-text.ts';
import { assertSameAs } from '../review/refusals.ts';
import type { Review } from '../review/review.ts';
import { renderPage } from '../transcript/page.ts';
import { renderScript } from '../transcript/script.ts';
import { digestLine, type Event, openEvent } from './event.ts';
import { formatSteps, scriptOf } from './script.ts';

/**
 * Freezes the plan of an event: from here on it changes by `amend` alone. Writes its digest, last of all, and the script
 * for the people, on a page too.
 *
 * `review` must be of this event, made now.
 * @throws CER_PACKET_CONTRADICTS; CORE_FILE_EXISTS if another revision is frozen already
 */
export async function freezeEvent(event: Event, review: Review): Promise<Event> {
  assertSameAs('plan', review.planDigest, event.planDigest);
  const script = scriptOf(review);
  await createFile(event.layout.steps, formatSteps(script));
  await createFile(event.layout.script, renderScript(script));
  await createFile(event.layout.page, renderPage(script, { svgs: qrCodes(event, review) }));
  await createFile(event.layout.planDigest, digestLine(event.planDigest));
  return await openEvent(event.layout);
}

/** One code for each payload that fits one; the others travel as files. */
function qrCodes({ payloads }: Event, { plan, planDigest, frozen }: Review): ReadonlyMap<string, string> {
  const codes = frozen.payloads.flatMap(({ role, version, digest }): readonly [string, string][] => {
    const canonical = payloads.find((payload) => payload.role === role)?.canonical;
    if (!canonical) return [];
    try {
      const { event, revision } = plan;
      return [[digest, qrSvg(payloadQr({ event, revision, role, version, planDigest, canonical }))]];
    } catch (error) {
      if (error instanceof ToolkitError && error.code.endsWith('QR_TOO_LARGE')) return [];
      throw error;
    }
  });
  return new Map(codes);
}
