import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command, Invocation, Outcome } from '../../src/cli/command.ts';
import { parseRootPolicy } from '../../src/config/root-policy.ts';
import { parseUtf8 } from '../../src/core/bytes.ts';
import { ToolkitError } from '../../src/core/error.ts';
import { createFile, makeDirectory, pathExists, readFileCapped } from '../../src/core/files.ts';
import { formatIdentity, newIdentity } from '../root-signing/identity.ts';
import { dirOption, layoutOf, requiredOption } from './settings.ts';

export const ceremonyInitCommand: Command = {
  words: ['ceremony', 'init'],
  summary: 'begin a root-signing directory: the data that a root of trust is made of',
  details: [
    'Writes repository.json (an identity that tells this root of trust from every other), policy.yaml to be edited,',
    'and .gitattributes. Keep the directory in version control; everything in it is reviewed like code.',
  ].join('\n'),
  options: {
    ...dirOption,
    name: { type: 'string', value: 'NAME', help: 'name of the instance, e.g. acme (required)' },
    policy: { type: 'string', value: 'FILE', help: 'a policy to begin with (default: the commented example)' },
  },
  examples: [{ command: 'sigstead ceremony init --name acme', explains: 'then edit root-signing/policy.yaml' }],
  run: init,
};

/** Every byte in there is signed, hashed or compared: no checkout may change a line end. */
const gitAttributes = '* -text\n';
const gitIgnore = '*.lock\n';

const example = fileURLToPath(new URL('../../examples/root-signing/policy.yaml', import.meta.url));

async function init(invocation: Invocation): Promise<Outcome> {
  const layout = layoutOf(invocation);
  const name = requiredOption(invocation, 'name');
  if (await pathExists(layout.identity)) throw begun(layout.identity);
  const source = invocation.options.text('policy') ?? example;
  const policy = parseUtf8(await readFileCapped(source, 1 << 20), source);
  parseRootPolicy(policy, source);
  for (const directory of [layout.directory, layout.targets, layout.events]) await makeDirectory(directory);
  const identity = newIdentity(name);
  const files = {
    '.gitattributes': gitAttributes,
    '.gitignore': gitIgnore,
    // The example says where the schema is from where it stands itself.
    'policy.yaml': policy.replace(/^# yaml-language-server:.*\n#\n/, ''),
    'repository.json': formatIdentity(identity),
  };
  for (const [file, content] of Object.entries(files)) await createFile(join(layout.directory, file), content);
  return {
    json: { directory: layout.directory, repository: { ...identity } },
    text: `${layout.directory}: begun, repository ${identity.id}\nnext: edit ${layout.policy}, then invite each holder: sigstead ceremony invite ID\n`,
  };
}

function begun(path: string): ToolkitError {
  return new ToolkitError('CER_ALREADY_BEGUN', {
    message: `${path}: expected nothing yet, found a root of trust`,
    fault: 'input',
    data: { path },
    hint: 'go on with it, or begin another one in a directory of its own: --dir DIR',
  });
}
