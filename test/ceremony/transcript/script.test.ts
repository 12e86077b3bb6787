import { describe, expect, it } from '@jest/globals';
import { renderPage } from '../../../ceremony/transcript/page.ts';
import { type CeremonyScript, renderScript } from '../../../ceremony/transcript/script.ts';
import { qrSvg } from '../../../src/cli/qr.ts';
import { sampleScript } from './sample-script.ts';

const hostile = '<script>alert(1)</script> | **x** "y" \u001b[2J\u202e\nz';
const [payload] = sampleScript.payloads;

/** A script all of whose texts somebody chose who means harm. */
const hostileScript: CeremonyScript = {
  ...sampleScript,
  title: hostile,
  event: hostile,
  words: [hostile],
  participants: [{ name: hostile, part: hostile }],
  steps: [{ id: hostile, who: hostile, what: hostile, command: hostile, expect: hostile }],
  payloads: [{ role: hostile, version: 1, digest: hostile, words: [hostile] }],
};

describe('renderScript', () => {
  it('makes Markdown with a box and a place for the time at each step', () => {
    expect(renderScript(sampleScript)).toMatchInlineSnapshot(`
"# Replace Alice’s key

Event \`2026-11-02-rotate-alice\`, revision 1. Plan \`64879f7d6b960a01909762d911a32d4582c20010c5641ee90278b644a9e3b525\`:

\`\`\`text
flytrap liberty quota insincere glitter monument allow adviser
peachy mosquito flagpole supportive Athens pandemic button detector
miser repellent aardvark autopsy solo getaway berserk ultimate
accrue indigo Scotland designing revenge torpedo scorecard caravan
\`\`\`

## Those present

| Name | Part | Initials |
| --- | --- | --- |
| Alice | holder | \`[    ]\` |
| Wendy | witness | \`[    ]\` |

## What is signed

\`root v16\`, SHA-256 \`4813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2\`:

\`\`\`text
deadbolt barbecue deckhand disruptive Aztec insurgent backward company
shamrock pandemic absurd specialist ribcage Pegasus goldfish inferno
seabird pedigree indoors sardonic Athens leprosy steamship escapade
egghead finicky vapor breakaway hockey impetus involve pioneer
\`\`\`

## Steps

| Step | Time (UTC) | Who | What | Initials |
| --- | --- | --- | --- | --- |
| compare |  | everyone | Read the words of the plan aloud<br>Expect: the same 32 words | \`[    ]\` |
| sign-alice |  | alice | Sign<br>\`sigstead ceremony sign --event 2026-11-02-rotate-alice\` | \`[    ]\` |

## Exceptions

Whatever is not as this script has it is written down here, with what was decided, before the next step.

| Step | Time (UTC) | What happened, and what was decided | Initials |
| --- | --- | --- | --- |
|  |  |  | \`[    ]\` |
|  |  |  | \`[    ]\` |
|  |  |  | \`[    ]\` |
|  |  |  | \`[    ]\` |

## Close

The last words of the transcript, as they were read out:
"
`);
  });

  it('says on top that it is a rehearsal', () => {
    expect(renderScript({ ...sampleScript, rehearsal: true }).split('\n')[2]).toMatch(/^\*\*REHEARSAL: /);
  });

  it('shows markup as text, and no control character', () => {
    const text = renderScript(hostileScript);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    const outsideOfCode = text.replace(/```text\n.*?\n```/gs, '').replace(/`[^`]*`/g, '');
    expect(outsideOfCode).not.toMatch(/(?<!\\)<(?!br>)/);
    const rows = outsideOfCode.split('\n').filter((line) => line.startsWith('|'));
    for (const row of rows) expect(row.match(/(?<!\\)\|/g)?.length).toBeLessThanOrEqual(6);
  });
});

describe('renderPage', () => {
  const svg = qrSvg('SIGSTEAD-P1:0');

  it('makes one page that loads and runs nothing, with everything that the script says', () => {
    const page = renderPage(sampleScript, { svgs: new Map([[payload?.digest ?? '', svg]]) });
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">\n.*<\/html>\n$/s);
    expect(page).toContain(svg);
    expect(page).toContain('@media print');
    const texts = [...sampleScript.words, ...sampleScript.steps.map(({ what }) => what), 'root v16', 'Wendy'];
    for (const text of texts) expect(page).toContain(text);
    expect(page.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(
      /<script|<link|<img|src=|href=|http:|https:|url\(/,
    );
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it('says that it is a rehearsal, or does not', () => {
    expect(renderPage({ ...sampleScript, rehearsal: true })).toContain('<p class="rehearsal">REHEARSAL: ');
    expect(renderPage(sampleScript)).not.toContain('REHEARSAL');
  });

  it('has the rows of each table, each with a box', () => {
    const page = renderPage(sampleScript);
    expect(page.match(/<tr><td>(compare|sign-alice)<\/td><td class="time"><\/td>/g)).toHaveLength(2);
    expect(page.match(/<td class="box"><\/td>/g)).toHaveLength(2 + 2 + 4);
  });

  it('shows markup as text, and no control character', () => {
    const page = renderPage(hostileScript);
    expect(page.replaceAll('\n', '')).not.toMatch(/<script|\*\* "y"|[\p{Cc}\p{Cf}]/u);
    expect(page).toContain('<h1>&lt;script&gt;alert(1)&lt;/script&gt; | **x** &quot;y&quot;  z</h1>');
  });
});
