import { join } from 'node:path';
import { qrSvg } from '../../src/cli/qr.ts';
import { parseHex } from '../../src/core/bytes.ts';
import { createFile, makePrivateDirectory, privateFileMode } from '../../src/core/files.ts';
import { type Html, html, trustedHtml } from '../../src/core/html.ts';
import { wordLines } from '../../src/core/words.ts';
import { formatShare, type Share, type ShareSet, sharePartsOf } from '../../src/keys/shares.ts';
import type { RepositoryIdentity } from '../root-signing/identity.ts';
import { countFiles } from './authority.ts';
import { formatCaDocument, shareSetFormat } from './documents.ts';
import { writeNew } from './event.ts';
import type { CaLayout } from './layout.ts';

const style = `
  body { font: 12pt/1.5 serif; max-width: 46em; margin: 2em auto; color: #000; background: #fff; }
  code, pre { font: 13pt/1.7 monospace; white-space: pre-wrap; margin: 0.3em 0; }
  .small { font: 9.5pt/1.5 monospace; overflow-wrap: anywhere; }
  .warning { border: 3px solid #000; padding: 0.5em; font-weight: bold; }
  svg { width: 8cm; height: 8cm; display: block; margin: 0.5em 0; }
  @media print { body { margin: 0; max-width: none; } @page { margin: 18mm; } }
`;

const groupsPerLine = 8;

export interface SheetsOptions {
  readonly repository: Pick<RepositoryIdentity, 'id' | 'name'>;
  readonly set: ShareSet;
  readonly shares: readonly Share[];
  /** Of the root. */
  readonly certificateSha256: string;
}

/**
 * Writes one page to print for each holder, into a directory that nobody else may enter. Each page is a secret: print it,
 * seal it, and destroy the medium.
 * @throws CORE_FILE_EXISTS, CORE_OWNER
 */
export async function writeSheets(directory: string, options: SheetsOptions): Promise<readonly string[]> {
  await makePrivateDirectory(directory);
  const paths: string[] = [];
  for (const share of options.shares) {
    const path = join(directory, `${share.subject}-${share.set}-${share.number}-${share.holder}.html`);
    await createFile(path, renderSheet(share, options), { mode: privateFileMode });
    paths.push(path);
  }
  return paths;
}

/** Writes down what may be known of a set of shares, as the one in use from now on. */
export async function recordShares(layout: CaLayout, set: ShareSet): Promise<string> {
  const number = (await countFiles(layout.shares)) + 1;
  const path = join(layout.shares, `${String(number).padStart(4, '0')}-${set.id}.json`);
  await writeNew(path, formatCaDocument(shareSetFormat, set));
  return path;
}

/** Returns the sheet of one holder: a page that loads nothing and runs nothing. */
export function renderSheet(share: Share, { repository, set, certificateSha256 }: SheetsOptions): string {
  const { subject, holder, number, count, threshold } = share;
  const { names, groups, words } = sharePartsOf(share);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Share ${number} of ${count} of ${subject}, for ${holder}</title>
<style>${trustedHtml(style)}</style>
</head>
<body>
<h1>${subject}: share ${number} of ${count}, for ${holder}</h1>
<p class="warning">SECRET. Any ${threshold} of the ${count} sheets open the key of this authority; fewer say nothing of it.
Keep this one sealed, apart from the others, and say so at once if the seal is broken.</p>
<p>Of ${repository.name} (<code>${repository.id}</code>).</p>
<h2>The share</h2>
<p>Type all of it in one line when you are asked for it. Capitals do not matter, and the words check the rest:</p>
<pre>${names.join(' ')}</pre>
${lines(groups).map((line) => html`<pre>${line}</pre>\n`)}<pre>${words.join(' ')}</pre>
${trustedHtml(qrSvg(formatShare(share).toUpperCase()))}
<h2>No secret</h2>
<p>With these a restore is checked without showing what was restored.</p>
${facts('Commitment to the whole secret', set.commitment)}
${facts('SHA-256 of the certificate of the root', certificateSha256)}
<p>Proved by: <code>sigstead ceremony ca-backup verify ${subject}</code></p>
</body>
</html>
`;
  return page.html;
}

function facts(what: string, sha256: string): Html {
  const words = wordLines(parseHex(sha256)).join('\n');
  return html`<p>${what}: <span class="small">${sha256}</span></p>\n<pre class="small">${trustedHtml(words)}</pre>`;
}

function lines(groups: readonly string[]): readonly string[] {
  const starts = groups.flatMap((_, index) => (index % groupsPerLine === 0 ? [index] : []));
  return starts.map((start) => groups.slice(start, start + groupsPerLine).join(' '));
}
