import { type Html, html, trustedHtml } from '../../src/core/html.ts';
import {
  type CeremonyScript,
  exceptionLines,
  exceptionNotice,
  rehearsalNotice,
  type ScriptPayload,
  type ScriptStep,
} from './script.ts';

const style = `
  body { font: 11pt/1.4 serif; max-width: 50em; margin: 2em auto; padding: 0 1em; color: #000; background: #fff; }
  h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 1.6em; }
  table { border-collapse: collapse; width: 100%; }
  th, td { border: 1px solid #000; padding: 0.35em 0.5em; text-align: left; vertical-align: top; }
  tr, .payload { break-inside: avoid; }
  thead { display: table-header-group; }
  code, pre { font: 9.5pt/1.5 monospace; overflow-wrap: anywhere; white-space: pre-wrap; margin: 0.3em 0; }
  .box { width: 4.5em; } .time { width: 5.5em; } .write td { height: 2.6em; }
  .close { border: 1px solid #000; height: 6em; }
  .rehearsal { border: 3px solid #000; padding: 0.5em; font-weight: bold; }
  svg { width: 12cm; height: 12cm; display: block; margin: 0.5em 0; }
  @media print { body { margin: 0; padding: 0; max-width: none; } @page { margin: 18mm; } }
`;

export interface PageOptions {
  /** By payload digest, the QR code as one SVG element (`qrSvg`), which is put in as it is. @default none */
  readonly svgs?: ReadonlyMap<string, string>;
}

/** Returns the script as one HTML page to print: it loads nothing, and runs nothing. */
export function renderPage(script: CeremonyScript, options: PageOptions = {}): string {
  const { title, event, revision, planDigest, words, participants, steps, payloads } = script;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${trustedHtml(style)}</style>
</head>
<body>
<h1>${title}</h1>
${script.rehearsal === true ? html`<p class="rehearsal">${rehearsalNotice}</p>\n` : ''}<p>Event <code>${event}</code>, revision ${revision}. Plan <code>${planDigest}</code>:</p>
${wordBlock(words)}
<h2>Those present</h2>
${grid(
  ['Name', 'Part', 'Initials'],
  participants.map(({ name, part }) => html`<tr><td>${name}</td><td>${part}</td><td class="box"></td></tr>`),
)}
<h2>What is signed</h2>
${payloads.map((payload) => payloadBlock(payload, options.svgs?.get(payload.digest)))}
<h2>Steps</h2>
${grid(['Step', 'Time (UTC)', 'Who', 'What', 'Initials'], steps.map(stepRow))}
<h2>Exceptions</h2>
<p>${exceptionNotice}</p>
${grid(
  ['Step', 'Time (UTC)', 'What happened, and what was decided', 'Initials'],
  Array.from({ length: exceptionLines }, () => emptyRow),
)}
<h2>Close</h2>
<p>The last words of the transcript, as they were read out:</p>
<p class="close"></p>
</body>
</html>
`;
  return page.html;
}

const emptyRow = html`<tr class="write"><td class="time"></td><td class="time"></td><td></td><td class="box"></td></tr>`;

function stepRow({ id, who, what, command, expect }: ScriptStep): Html {
  const more = [
    ...(command === undefined ? [] : [html`<br><code>${command}</code>`]),
    ...(expect === undefined ? [] : [html`<br>Expect: ${expect}`]),
  ];
  return html`<tr><td>${id}</td><td class="time"></td><td>${who}</td><td>${what}${more}</td><td class="box"></td></tr>`;
}

function payloadBlock({ role, version, digest, words }: ScriptPayload, svg: string | undefined): Html {
  const picture = svg === undefined ? [] : [trustedHtml(svg)];
  return html`<div class="payload"><p><code>${role} v${version}</code>, SHA-256 <code>${digest}</code>:</p>
${wordBlock(words)}${picture}</div>
`;
}

function wordBlock(words: readonly string[]): Html {
  return html`<pre>${words.map((line) => html`${line}\n`)}</pre>`;
}

function grid(head: readonly string[], rows: readonly Html[]): Html {
  const names = head.map((name) => html`<th>${name}</th>`);
  return html`<table>
<thead><tr>${names}</tr></thead>
<tbody>
${rows.map((row) => html`${row}\n`)}</tbody>
</table>`;
}
