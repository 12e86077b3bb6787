import type { ServerName } from '../../local/servers.ts';
import { ToolkitError } from '../../src/core/error.ts';

/** Programs that get an image of their own; `lib/` and `deployment.json` know the images by these names. */
export const imagePrograms = ['fulcio', 'ct-log', 'rekor-aws', 'timestamp-server-aws', 'tesseract-aws'] as const;

export type ImageProgram = (typeof imagePrograms)[number];

/** Upstream's CT log is made where it is asked for: an instance has this one or ours. */
const byDefault = imagePrograms.filter((program) => program !== 'tesseract-aws');

/** What stands in front of Rekor is in Rekor's image: they are deployed together. A log is ended by a task of its own image and role, so that no other image may reach its key. */
const logs: readonly ImageProgram[] = ['ct-log', 'rekor-aws', 'tesseract-aws'];

/** Returns what the image of a program holds: the program that the others start, then what they start. */
export function binariesOf(program: ImageProgram): readonly ServerName[] {
  const gate = program === 'rekor-aws' ? (['write-gate'] as const) : [];
  return ['entry', program, ...(logs.includes(program) ? (['freeze-log'] as const) : []), ...gate];
}

/** Returns where a binary lies in the image. */
export function pathInImage(binary: ServerName): string {
  return binary === 'entry' ? 'entry' : `bin/${binary}`;
}

/**
 * Parses `--programs`.
 * @throws CLI_USAGE
 */
export function chosenPrograms(list: string | undefined): readonly ImageProgram[] {
  if (list === undefined) return byDefault;
  const names = [...new Set(list.split(','))];
  const known: readonly string[] = imagePrograms;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return imagePrograms.filter((program) => names.includes(program));
  throw new ToolkitError('CLI_USAGE', {
    message: `--programs: expected some of ${known.join(', ')}, with commas, got ${unknown.join(', ') || 'nothing'}`,
    fault: 'input',
    hint: 'run: sigstead images build --help',
  });
}
