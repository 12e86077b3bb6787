/**
 * A program of its own, run as a server by server-process.test.ts: writes down what it was given, then answers its
 * health check, or does not, or ends. `--mode=…` says which. JavaScript starts twice as fast.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

const text = { type: 'string' };
const { values } = parseArgs({ options: { mode: text, port: text, key: text, report: text } });

const key = values.key === undefined ? '' : readFileSync(values.key, 'utf8');
writeFileSync(values.report ?? '', JSON.stringify({ key, environment: process.env, cwd: process.cwd() }));
process.stdout.write(`started as ${values.mode}\n`);

if (values.mode === 'ends') process.exit(7);
const server = createServer((request, response) => {
  if (values.mode !== 'sick') response.statusCode = request.url === '/healthz' ? 200 : 404;
  else response.statusCode = 503;
  response.end();
  if (values.mode === 'ends-later') process.exit(8);
});
server.listen(Number(values.port), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
