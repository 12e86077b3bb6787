import type { ServerName } from '../../local/servers.ts';
import { ToolkitError } from '../../src/core/error.ts';

/** Programs that get an image of their own; `lib/` and `deployment.json` know the images by these names. */
const scratchPrograms = ['fulcio', 'ct-log', 'rekor-aws', 'timestamp-server-aws', 'tesseract-aws'] as const;

/** The flavour for a key in an HSM, on a base with a C library: `lib/access/placement.ts` has the same names. */
const hsmPrograms = ['fulcio-pkcs11', 'ct-log-pkcs11', 'timestamp-server-aws-pkcs11'] as const;

export const imagePrograms = [...scratchPrograms, ...hsmPrograms] as const;

export type ImageProgram = (typeof imagePrograms)[number];

/** Upstream's CT log and the images for an HSM are made where they are asked for. */
const byDefault = scratchPrograms.filter((program) => program !== 'tesseract-aws');

/** What stands in front of Rekor is in Rekor's image: they are deployed together. A log is ended by a task of its own image and role, so that no other image may reach its key. */
const logs: readonly string[] = ['ct-log', 'rekor-aws', 'tesseract-aws'];

export function isForHsm(program: ImageProgram): boolean {
  return program.endsWith('-pkcs11');
}

/** Returns the server of an image. */
export function serverOf(program: ImageProgram): ServerName {
  return program.replace(/-pkcs11$/, '') as ServerName;
}

/** Returns what the image of a program holds: the program that the others start, then what they start. */
export function binariesOf(program: ImageProgram): readonly ServerName[] {
  const server = serverOf(program);
  return [
    ...(['entry', server] as const),
    ...(logs.includes(server) ? (['freeze-log'] as const) : []),
    ...(server === 'rekor-aws' ? (['write-gate'] as const) : []),
    ...(isForHsm(program) ? (['sigstore-kms-pkcs11'] as const) : []),
  ];
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
