import { join } from 'node:path';
import { ToolkitError } from '../src/core/error.ts';
import type { Reference, ServiceSpec, Template } from '../src/services/service.ts';

/** Where one service runs on this machine. */
export interface Placement {
  readonly nonce: string;
  /** Port of any service, by service id and port name. */
  port(service: string, name: string): number;
  /** Directory that holds the service's rendered files and its key pipes. */
  readonly runDirectory: string;
  readonly storageDirectory: string;
  /** Path from which the service reads a key. */
  keyPath(key: string): string;
  /** Passphrases of encrypted keys, already read. */
  readonly passphrases: ReadonlyMap<string, string>;
}

export interface RenderedProcess {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly files: readonly { readonly path: string; readonly content: string }[];
}

/**
 * Renders a service specification to the arguments, environment and files of a process on this machine.
 * @throws LOCAL_RENDER if the specification refers to something that only AWS has
 */
export function renderProcess(spec: ServiceSpec, place: Placement): RenderedProcess {
  const render = (template: Template): string =>
    template.map((part) => (typeof part === 'string' ? part : resolve(part, spec, place))).join('');
  return {
    args: [
      ...(spec.subcommand ? [spec.subcommand] : []),
      ...spec.flags.map((flag) => `--${flag.name}=${render(flag.value)}`),
    ],
    environment: Object.fromEntries(spec.environment.map(({ name, value }) => [name, render(value)])),
    files: spec.files.map(({ name, content }) => ({ path: join(place.runDirectory, name), content })),
  };
}

function resolve(reference: Reference, spec: ServiceSpec, place: Placement): string {
  switch (reference.kind) {
    case 'port':
      return String(place.port(spec.id, reference.port));
    case 'peer':
      return `127.0.0.1:${place.port(reference.service, reference.port)}`;
    case 'file':
      return join(place.runDirectory, reference.file);
    case 'key-path':
      return place.keyPath(reference.key);
    case 'key-passphrase':
      return place.passphrases.get(reference.key) ?? notHere(reference, spec);
    case 'storage':
      return reference.part === 'directory' ? place.storageDirectory : notHere(reference, spec);
    case 'key-arn':
      return notHere(reference, spec);
    case 'nonce':
      return place.nonce;
  }
}

function notHere(reference: Reference, spec: ServiceSpec): never {
  throw new ToolkitError('LOCAL_RENDER', {
    message: `${spec.id}: ${reference.kind} cannot be rendered on this machine`,
    fault: 'caller',
    data: { service: spec.id, reference },
  });
}
