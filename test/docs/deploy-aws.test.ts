import { access, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { composeInstance } from '../../lib/instance-stacks.ts';
import { awsFreezeSteps } from '../../operate/freeze/aws-commands.ts';
import { logShards } from '../../operate/freeze/log-shards.ts';
import { cognitoShape } from '../../operate/functions/probing/cognito-tokens.ts';
import { endpointShape } from '../../operate/functions/probing/endpoint-tokens.ts';
import { verbs } from '../../operate/verbs.ts';
import { findVerb, parseCommand } from '../../src/cli/parse.ts';
import { instanceOf } from '../stacks/assembly/synthesise.ts';
import { projectDirectory } from '../support/instance.ts';

const page = await readDoc('docs/deploy-aws.md');
const commands = [...page.matchAll(/^ *(?:[A-Z_]+=\S+ )?sigstead (.+)$/gm)].map(([, words = '']) => words);
const runbook = await readDoc('docs/operator-runbook.md');
const ofRunbook = [...runbook.matchAll(/(?:`|^)sigstead ([^`]+?)(?:`|$)/gm)].map(([, words = '']) =>
  words.replaceAll(/\s+/g, ' '),
);
const linked = [
  'README.md',
  'ARCHITECTURE.md',
  'SECURITY.md',
  'docs/deploy-aws.md',
  'docs/access.md',
  'docs/images.md',
  'docs/hsm.md',
  'docs/operator-runbook.md',
  'docs/adr/0018-what-the-emulator-proves.md',
];

describe('docs/deploy-aws.md', () => {
  it('has commands', () => {
    expect(commands.length).toBeGreaterThan(20);
  });

  it.each([...new Set([...commands, ...ofRunbook])])(
    'names a command that exists, with options that it takes: sigstead %s',
    async (line) => {
      const { verb, rest } = findVerb(verbs, wordsOf(line));
      expect(() => parseCommand(loaded.get(verb.words.join(' ')) ?? missing(line), rest)).not.toThrow();
    },
  );

  it('has a row for each stack of the example, which says whether it is protected', async () => {
    const app = new App();
    composeInstance(app, await instanceOf('ha-public'));
    const stacks = app.node.children.filter((child) => child instanceof Stack);
    expect(stacks.length).toBeGreaterThan(15);
    const rows = page.split('\n').filter((line) => line.startsWith('| `acme-'));
    for (const { stackName, terminationProtection } of stacks) {
      const row = rows.find((line) => line.split('|')[1]?.includes(`\`${stackName}\``)) ?? '';
      const said = row.includes('termination protection') || row.includes('as `TrustData`');
      expect({ stackName, row: row !== '', said }).toEqual({ stackName, row: true, said: terminationProtection });
    }
  });

  it.each([...Object.keys(endpointShape), ...Object.keys(cognitoShape), 'identity', 'issuer'])(
    "lists the field %s of the prober's secret",
    (field) => {
      expect(page).toContain(`\`${field === 'source' ? 'source: cognito' : field}\``);
    },
  );
});

describe('docs/operator-runbook.md', () => {
  it('has commands', () => {
    expect(ofRunbook).toContain('freeze SHARD --aws --without-database');
  });

  it('stops a service as a freeze does', async () => {
    const { config, aws, names } = await instanceOf('ha-public');
    const [log = missing('a log')] = logShards(config);
    const [suspend, stop, wait] = awsFreezeSteps(log, { names, aws });
    const told = runbook.replaceAll(/\s*\\\n\s*/g, ' ');
    for (const { command } of [suspend, stop, wait].flatMap((step) => step ?? [])) {
      const written = command
        .replaceAll(log.id, 'SHARD')
        .replace(`--region ${log.shard.region ?? names.writeRegion}`, '--region REGION');
      expect(told).toContain(written);
    }
  });
});

describe('links', () => {
  it.each(linked)('of %s lead to something', async (path) => {
    const text = await readDoc(path);
    const broken = await Promise.all(
      [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(async ([, target = '']) => {
        const [file = '', anchor] = target.split('#');
        const to = file === '' ? path : relative(projectDirectory, join(projectDirectory, dirname(path), file));
        return (await leads(to, anchor)) ? [] : [target];
      }),
    );
    expect(broken.flat()).toEqual([]);
  });
});

const loaded = new Map(
  await Promise.all(verbs.map(async (verb) => [verb.words.join(' '), await verb.load()] as const)),
);

async function leads(path: string, anchor: string | undefined): Promise<boolean> {
  try {
    const text = anchor === undefined ? '' : await readDoc(path);
    if (anchor === undefined) return await exists(path);
    return text.includes(`<a id="${anchor}"></a>`) || headings(text).includes(anchor);
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  await access(join(projectDirectory, path));
  return true;
}

/** As GitHub makes them. */
function headings(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Words as a shell splits them, as far as this page goes. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, one, two, three]) => one ?? two ?? three ?? '');
}

function missing(line: string): never {
  throw new Error(`no command: ${line}`);
}

async function readDoc(path: string): Promise<string> {
  return await readFile(join(projectDirectory, path), 'utf8');
}
