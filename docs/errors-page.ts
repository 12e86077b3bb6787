import { type ErrorFacts, rooms } from './error-catalogue.ts';

const introduction = `# Errors

Every error has a code, which stays the same when the words around it change: scripts and this page key on it. With
\`--json\` it is \`error.code\` of the document on stdout; the message and a hint are on stderr.

Whose fault it is decides the exit code, and what to do first:

| fault | exit code | meaning |
|---|---|---|
| input | 3 (2 for the command line) | a file, flag or setting has to change; the message names it |
| evidence | 4 | something does not verify: somebody may be attacking. Don't retry; keep the files and logs, then look |
| environment | 5 | network, disk, a missing tool; trying again may help |
| caller | 1 | a bug in sigstead; please report it |

What stands in \`<…>\` is filled in. Facts and messages come from the code (\`npm run generate\`); the words below them
are written by hand and survive that.
`;

/**
 * Returns the page of all errors: facts from the code, and below them the explanations that `existing`, an earlier
 * version of the page, has.
 */
export function errorsPage(errors: ReadonlyMap<string, ErrorFacts>, existing: string): string {
  const explanations = explanationsOf(existing);
  const sections = Object.entries(rooms).flatMap(([room, about]) => {
    const own = [...errors].filter(([code]) => code.startsWith(`${room}_`));
    const entries = own.map(([code, facts]) => section(code, facts, explanations.get(code) ?? ''));
    return own.length === 0 ? [] : [`## ${room}: ${about}\n`, ...entries];
  });
  return [introduction, ...sections].join('\n');
}

/** Returns what people wrote about each code: what stands below the list of facts. */
export function explanationsOf(page: string): ReadonlyMap<string, string> {
  const parts = page.split(/^(?=#{2,3} )/m).flatMap((part) => {
    const code = /^### `(\w+)`$/m.exec(part)?.[1];
    const [, ...blocks] = part.trim().split(/\n{2,}/);
    const words = blocks.filter((block) => !block.startsWith('- ')).join('\n\n');
    return code === undefined ? [] : [[code, words] as const];
  });
  return new Map(parts);
}

function section(code: string, facts: ErrorFacts, explanation: string): string {
  const faults = facts.faults.length > 0 ? `*${facts.faults.join(', ')}*, ` : '';
  const said = facts.messages.map((message) => `- says ${quoted(message)}`);
  const hinted = facts.hints.map((hint) => `- hint ${quoted(hint)}`);
  const list = [...said, ...hinted].join('\n');
  const blocks = [
    `### \`${code}\``,
    [`- ${faults}raised by ${facts.files.join(', ')}`, list].filter(Boolean).join('\n'),
    explanation,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** As code, on one line, whatever stands in it. */
function quoted(text: string): string {
  const line = text.replaceAll(/\s*\n\s*/g, ' ');
  return line.includes('`') ? `\`\` ${line} \`\`` : `\`${line}\``;
}
