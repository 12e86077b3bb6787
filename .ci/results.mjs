/**
 * Adds up what the jest runs of one CI run reported (`SIGSTEAD_TEST_RESULTS`), refuses skipped tests that nobody
 * allowed, and ends with the line `N passed, N failed`.
 *
 *   node .ci/results.mjs DIRECTORY
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const [directory = '.'] = process.argv.slice(2);
const files = (await readdir(directory)).filter((name) => name.endsWith('.json'));
const results = [];
for (const file of files) results.push(...JSON.parse(await readFile(join(directory, file), 'utf8')));

const allowList = await readFile(new URL('./allowed-skips.txt', import.meta.url), 'utf8');
const allowed = allowList.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
const names = (status) => results.filter((result) => result.status === status).map(({ name }) => name);
const skipped = names('skipped').filter((name) => !allowed.some((start) => name.startsWith(start)));
const failed = [...names('failed'), ...skipped];

for (const name of names('failed')) process.stdout.write(`failed: ${name}\n`);
for (const name of skipped) process.stdout.write(`skipped, and not in .ci/allowed-skips.txt: ${name}\n`);
if (results.length === 0) process.stdout.write('no test ran\n');
process.stdout.write(`${names('passed').length} passed, ${failed.length} failed\n`);
process.exitCode = failed.length > 0 || results.length === 0 ? 1 : 0;
