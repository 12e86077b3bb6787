import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { changedAuthorities } from '../../../src/config/changes.ts';
import { parseConfig, readConfig } from '../../../src/config/config.ts';
import { parseWitnessPolicy, readWitnessPolicy } from '../../../src/config/witness-policy.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import { temporaryDirectory } from '../../support/instance.ts';
import { minimalConfig } from '../../support/minimal-config.ts';
import { newWitnessKey } from '../../support/witness.ts';

const [a, b, c] = ['a.example', 'b.example', 'c.example'].map((name) => newWitnessKey(name).vkey) as [
  string,
  string,
  string,
];
const three = `witness a ${a} https://a.example\nwitness b ${b} https://b.example/w/\nwitness c ${c} http://127.0.0.1:81\n`;
const ofThree = (rest: string) => `${three}${rest}\n`;

/** Returns `line:column: message` of every problem. */
function problemsOf(text: string): readonly string[] {
  try {
    parseWitnessPolicy(text, 'w.policy');
    return [];
  } catch (error) {
    if (!(error instanceof ToolkitError) || error.code !== 'CFG_WITNESSES_INVALID') throw error;
    const { problems } = error.data as { problems: readonly { line: number; column: number; message: string }[] };
    return problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
  }
}

describe('parseWitnessPolicy', () => {
  it.each([
    ['one witness', `witness a ${a} https://a.example\nquorum a\n`, 1],
    ['no newline at the end', `witness a ${a} https://a.example:8443/prefix\nquorum a`, 1],
    ['all of a group', ofThree('group g all a b c\nquorum g'), 3],
    ['any of a group', ofThree('group g any a b\nquorum g'), 3],
    ['groups of groups', ofThree('group g 2 a b\ngroup h 1 g c\nquorum h'), 3],
    [
      'comments, tabs, and a log for those who verify',
      ofThree('# wörds\n\t # more\n\nlog x+y\n \tgroup\tg  1 a\nquorum g '),
      3,
    ],
  ])('accepts %s', (_what, text, count) => {
    const policy = parseWitnessPolicy(text, '/w.policy');
    expect(policy).toMatchObject({ file: '/w.policy', text });
    expect(policy.witnesses).toHaveLength(count);
  });

  it.each([
    ['nothing', '', '1:1: expected a quorum, got none'],
    ['witnesses without a quorum', three, '4:1: expected a quorum, got none'],
    ['a quorum of nobody', ofThree('quorum none'), '4:8: expected a witness or group, got none'],
    ['two quorums', ofThree('quorum a\nquorum b'), '5:1: expected one quorum, got a second one after line 4'],
    ['a quorum of what is unknown', ofThree('quorum d'), '4:8: expected a witness or group of a line above, got "d"'],
    [
      'a quorum above its witness',
      `quorum a\nwitness a ${a} https://a.example`,
      '1:8: expected a witness or group of a line above',
    ],
    [
      'a group above its witness',
      `group g any a\nwitness a ${a} https://a.example\nquorum g`,
      '1:13: expected a witness or group of a line above',
    ],
    [
      'a group of itself',
      ofThree('group g any g\nquorum a'),
      '4:13: expected a witness or group of a line above, got "g"',
    ],
    ['a name twice', ofThree('group a any b\nquorum a'), '4:7: expected a name of its own, got a, which stands above'],
    ['a keyword for a name', ofThree('group none any b\nquorum a'), '4:7: expected a name, got the keyword none'],
    ['a threshold of 0', ofThree('group g 0 a b\nquorum g'), '4:9: expected all, any or a number from 1 to 2, got "0"'],
    [
      'a threshold of too many',
      ofThree('group g 3 a b\nquorum g'),
      '4:9: expected all, any or a number from 1 to 2, got "3"',
    ],
    ['a threshold of one more', ofThree('group g 2 a\nquorum g'), '4:9: expected all, any or 1, got "2"'],
    ['a threshold in words', ofThree('group g +1 a\nquorum g'), '4:9: expected all, any or 1, got "+1"'],
    ['a member twice', ofThree('group g 2 a a\nquorum g'), '4:13: expected a to be in one group'],
    [
      'a member of two groups',
      ofThree('group g 1 a b\ngroup h 2 a g\nquorum h'),
      '5:11: expected a to be in one group',
    ],
    ['a group of nobody', ofThree('group g any\nquorum a'), '4:1: expected group NAME all|any|NUMBER NAME…'],
    [
      'a key under two names',
      ofThree(`witness d d${a.slice(1)} https://d.example\nquorum a`),
      '4:11: expected the hash ',
    ],
    [
      'a key twice',
      ofThree(`witness d ${a} https://d.example\nquorum a`),
      '4:11: expected the key of another witness than a',
    ],
    [
      'a URL twice',
      ofThree(`witness d ${newWitnessKey().vkey} https://a.example/\nquorum a`),
      'expected the URL of another witness than a',
    ],
    ['a witness without a URL', `witness a ${a}\nquorum a`, '1:1: expected witness NAME VKEY URL'],
    ['a URL of http', `witness a ${a} http://a.example\nquorum a`, 'expected the https:// URL of a witness'],
    [
      'a URL of a host that only looks like loopback',
      `witness a ${a} http://127.0.0.1.example\nquorum a`,
      'expected the https:// URL',
    ],
    ['a URL with a user', `witness a ${a} https://me@a.example\nquorum a`, 'expected the https:// URL of a witness'],
    ['a URL with a query', `witness a ${a} https://a.example/?x\nquorum a`, 'expected the https:// URL of a witness'],
    ...['/w//', '/./w', '/../w', '/%zz', '//'].map((path): readonly [string, string, string] => [
      `a URL whose path is ${path}`,
      `witness a ${a} https://a.example${path}\nquorum a`,
      'expected the https:// URL of a witness',
    ]),
    ['a file for a URL', `witness a ${a} file:///etc/passwd\nquorum a`, 'expected the https:// URL of a witness'],
    [
      'a key of another hash',
      `witness a ${a.replace(/\+.{8}\+/, '+01234567+')} https://a.example\nquorum a`,
      '1:11: expected the hash ',
    ],
    [
      'a key that signs notes',
      `witness a ${newWitnessKey('a', 1).vkey} https://a.example\nquorum a`,
      'expected an Ed25519 key for cosignature/v1 (type 4 with 32 bytes), got type 1 with 32 bytes',
    ],
    ['a key that is cut off', `witness a ${a.slice(0, -4)} https://a.example\nquorum a`, 'got type 4 with 29 bytes'],
    [
      'a key with bits to spare',
      `witness a a+01234567+BB== https://a.example\nquorum a`,
      '1:11: expected a key NAME+HASH+BASE64',
    ],
    [
      'a key in hexadecimal',
      `witness a ${'0a'.repeat(32)} https://a.example\nquorum a`,
      'expected a key NAME+HASH+BASE64',
    ],
    ['a comment behind something', ofThree('quorum a # all of us'), '4:10: expected no #'],
    ['a line of Windows', ofThree('quorum a\r'), '4:9: expected no U+000D'],
    ['a space that is none', ofThree('quorum\u00a0a'), '4:7: expected no U+00A0'],
    ['an unknown word', ofThree('quorum a\nwitnes d'), '5:1: expected log, witness, group or quorum, got "witnes"'],
    ['a log without a key', ofThree('log\nquorum a'), '4:1: expected log VKEY [URL]'],
  ])('refuses %s', (_what, text, expected) => {
    expect(problemsOf(text).join('\n')).toContain(expected);
  });

  it('reports every problem at once', () => {
    const text = `witness all x http://a.example\ngroup g 9 a\nquorum none`;
    expect(problemsOf(text).map((problem) => problem.split(':')[0])).toEqual(['1', '1', '1', '2', '2', '3']);
  });
});

describe('readWitnessPolicy', () => {
  it('refuses a file that is not there, and one that is too large before it reads it as a policy', async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'w.policy');
    await expect(readWitnessPolicy(file)).rejects.toThrowToolkit('CFG_MISSING', { file });
    await writeFile(file, '#'.repeat(16_385));
    await expect(readWitnessPolicy(file)).rejects.toThrowToolkit('CORE_TOO_LARGE');
    await writeFile(file, Uint8Array.of(0x23, 0xff));
    await expect(readWitnessPolicy(file)).rejects.toThrowToolkit('CORE_ENCODING');
  });
});

describe('witnesses of a shard', () => {
  it('come from a file beside the configuration', async () => {
    await using directory = await temporaryDirectory();
    const { text } = await minimalConfig();
    const policy = ofThree('quorum a');
    const file = join(directory.path, 'sigstead.yaml');
    await writeFile(file, text.replace('{ shard: log2026-1,', '{ shard: log2026-1, witnesses: w.policy,'));
    await expect(readConfig(file)).rejects.toThrowToolkit('CFG_MISSING', { file: join(directory.path, 'w.policy') });
    await writeFile(join(directory.path, 'w.policy'), policy);
    const { rekor, ct } = (await readConfig(file)).logs;
    expect(rekor[0]?.witnesses).toMatchObject({ file: join(directory.path, 'w.policy'), policy: { text: policy } });
    expect(ct[0]).not.toHaveProperty('witnesses');
  });

  it('are warned of where the server publishes without them', async () => {
    const { text } = await minimalConfig();
    const warnings = (shard: string, more = '') =>
      parseConfig(
        `${text.replace(`{ shard: ${shard},`, `{ shard: ${shard}, witnesses: w.policy,`)}${more}`,
        'p',
      ).warnings.map(({ rule, path }) => `${rule} ${path}`);
    const aws = "\naws: { account: '012345678901', regions: [eu-central-1]";
    expect(warnings('log2026-1')).toEqual(['witnesses-fail-closed logs.rekor[0].witnesses']);
    expect(warnings('ct2026-1', `${aws}, ctLogServer: upstream }\n`)).toEqual([
      'witnesses-fail-closed logs.ct[0].witnesses',
    ]);
    expect(warnings('ct2026-1', `${aws} }\n`)).toEqual([]);
  });

  it('may change from start to start: no client trusts a log for them', async () => {
    const { text, file } = await minimalConfig();
    const after = parseConfig(text.replace('{ shard: log2026-1,', '{ shard: log2026-1, witnesses: w.policy,'), file);
    expect(changedAuthorities(parseConfig(text, file), after)).toEqual([]);
  });
});
