import { ToolkitError } from '../../src/core/error.ts';

/** A host has a dot or a port, or is localhost: any other first word would be a repository of Docker Hub. */
const host = /^(?:localhost|(?=[^/]*[.:])[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::\d{1,5})?$/;
const part = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

/**
 * Returns `HOST[/PREFIX]` as it was given, if it can be one.
 * @throws CLI_USAGE
 */
export function parseRegistry(given: string): string {
  const [first = '', ...prefix] = given.split('/');
  if (host.test(first) && prefix.every((word) => part.test(word))) return given;
  throw new ToolkitError('CLI_USAGE', {
    message: `--registry: expected HOST[/PREFIX] in lower case, without scheme and tag, got ${given}`,
    fault: 'input',
    hint: 'for ECR: --registry ACCOUNT.dkr.ecr.REGION.amazonaws.com/INSTANCE',
  });
}

/** Returns the reference of a manifest in the repository of a program. */
export function referenceOf(registry: string, program: string, digest: string): string {
  return `${registry}/${program}@${digest}`;
}
