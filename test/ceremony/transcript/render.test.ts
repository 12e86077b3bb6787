import { describe, expect, it } from '@jest/globals';
import { formatEntry, noPrevious } from '../../../ceremony/transcript/entry.ts';
import { renderTranscript } from '../../../ceremony/transcript/render.ts';
import { parseTranscript, type Transcript } from '../../../ceremony/transcript/transcript.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { sha256Hex } from '../../../src/core/digest.ts';
import { act } from './acts.ts';
import { sampleScript } from './sample-script.ts';

const plan = sampleScript.steps;

function transcriptOf(...acts: readonly ReturnType<typeof act>[]): Transcript {
  const lines: string[] = [];
  for (const each of acts) {
    const last = lines.at(-1);
    const previous = last === undefined ? noPrevious : sha256Hex(last);
    lines.push(formatEntry({ ...each, seq: lines.length + 1, previous }));
  }
  return parseTranscript(utf8(lines.map((line) => `${line}\n`).join('')));
}

const compared = act(0, { verb: 'review', step: 'compare', inputs: {}, outputs: {}, decision: 'the words agree' });

describe('renderTranscript', () => {
  it('sets what was planned against what was done', () => {
    expect(renderTranscript(transcriptOf(compared, act(90)), { plan, exceptions: [] })).toMatchInlineSnapshot(`
"# Transcript

2 entries. Head \`684fffb623dc58b51d7bad9267bf98b8826a86297896a1e63647fb844dfee26c\`:

\`\`\`text
frighten document Zulu potato blowtorch sympathy endorse positive
Belfast inferno ringbolt misnomer freedom rebellion printer provincial
miser hamburger necklace certify island monument ratchet trombonist
Christmas determine watchword Jupiter dreadful yesteryear tiger handiwork
\`\`\`

## Planned and done

| Step | Planned | By | Done |
| --- | --- | --- | --- |
| compare | Read the words of the plan aloud | everyone | 2026-11-02T10:00:00Z, alice (entry 1) |
| sign-alice | Sign | alice | 2026-11-02T10:01:30Z, alice (entry 2) |

## Entries

| # | Time | Who | What | Step | Said | Words of the head |
| --- | --- | --- | --- | --- | --- | --- |
| 1 | 2026-11-02T10:00:00Z | alice | review | compare | Decided: the words agree | freedom Pacific ammo specialist |
| 2 | 2026-11-02T10:01:30Z | alice | sign<br>in: \`payloads/root.v16.canonical\` \`4813494d\`<br>out: \`signatures/root.v16.5f0c.json\` \`7263c57c\` | sign-alice |  | frighten document Zulu potato |

## Exceptions

None.
"
`);
  });

  it('lists among the exceptions what was not done, and what was not planned', () => {
    const { step: _, ...unplanned } = act(1, { verb: 'amend' });
    const other = act(2, { step: 'sign-mallory' });
    const text = renderTranscript(transcriptOf(compared, unplanned, other), { plan, exceptions: ['Lights | off'] });
    expect(text).toContain('| sign-alice | Sign | alice | **not done** |');
    expect(text.slice(text.indexOf('## Exceptions'))).toBe(
      '## Exceptions\n\n- Lights \\| off\n- Not done: step sign-alice, Sign\n' +
        '- Not planned: entry 2, amend\n- Not planned: entry 3, sign\n',
    );
  });

  it('shows markup as text: nobody writes a row, a link or a page into it', () => {
    const note = '| a | <script>x</script> [b](https://example.com) **c** `d`';
    const inputs = { 'a|b`c`': sha256Hex('') };
    const text = renderTranscript(transcriptOf({ ...compared, note, inputs }), { plan, exceptions: ['<b>'] });
    expect(text).not.toMatch(/(?<!\\)<(?!br>)/);
    expect(text).toContain(String.raw`\| a \| \<script\>x\</script\> \[b\](https://example.com) \*\*c\*\* \`d\``);
    expect(text).toContain('`` a\\|b`c` ``');
    const [row = ''] = text.split('\n').filter((line) => line.startsWith('| 1 |'));
    expect(row.match(/(?<!\\)\|/g)).toHaveLength(8);
  });

  it('accepts a transcript of no entry', () => {
    expect(renderTranscript(transcriptOf(), { plan: [], exceptions: [] })).toContain('0 entries');
  });
});
