import { parseArgs } from 'node:util';
import { describeCause, exitCodeOf, exitCodes, ToolkitError } from '../src/core/error.ts';
import { type AwsStackOptions, benchAwsStack } from './aws-stack/bench.ts';
import { awsStackReport, formatAwsStackReport } from './aws-stack/report.ts';

/*
 * Raises the rate of signatures on production.yaml in emulated AWS until something saturates: through the front and the
 * deployed load balancer, which the emulator runs, and to the tasks themselves.
 *
 * What our CT log costs beyond upstream's is the difference of two processes: upstream's binary runs beside ours, from
 * the same task definition, with a Fulcio of its own; both issue certificates in turn, under the load that was highest,
 * and the processor time of each log's process is divided by what it logged. TLS to the database is ours, so is KMS.
 */
const help = `bench:aws-stack measures signatures per second of an instance in emulated AWS, and who spends the processor time.

USAGE
  npm run --silent bench:aws-stack -- [OPTIONS]

OPTIONS
  --clients LIST     how many clients sign at once, step by step (default: 8 to 256 in ten steps); ends where two
                     steps bring less than 5 % more, one less than two thirds of the best, or a request fails
  --seconds N        what is counted of each step (default: 10)
  --warm-up N        seconds before that (default: 5)
  --writers WHO      who may write to Rekor: anyone, or holders of a certificate, which the write gate judges
                     (default: anyone)
  --json             the report as one JSON document
  --help             this text

It needs root, for network namespaces, and what npm run test:aws installs.

EXAMPLES
  # The whole measurement, a quarter of an hour on two cores
  npm run --silent bench:aws-stack
  # A short look, as JSON
  npm run --silent bench:aws-stack -- --clients 8,64 --seconds 5 --json

EXIT CODES
  0 every requirement is met · 1 one is not, or a bug · 2 usage · 5 environment
`;

try {
  const options = optionsOf(process.argv.slice(2));
  if (options === 'help') process.stdout.write(help);
  else await run(options);
} catch (error) {
  process.exitCode = exitCodeOf(error);
  process.stderr.write(`bench:aws-stack: error: ${describeCause(error)}\n`);
  if (error instanceof ToolkitError && error.hint) process.stderr.write(`bench:aws-stack: hint: ${error.hint}\n`);
}

async function run({ json, ...options }: AwsStackOptions & { readonly json: boolean }): Promise<void> {
  const report = awsStackReport(await benchAwsStack(options));
  process.stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : formatAwsStackReport(report));
  if (report.requirements.some(({ met }) => !met)) process.exitCode = exitCodes.bug;
}

function optionsOf(args: string[]): (AwsStackOptions & { readonly json: boolean }) | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  return {
    json: values.json,
    clients: values.clients.split(',').map((count) => positive('--clients', count)),
    writers: writersOf(values.writers),
    seconds: positive('--seconds', values.seconds),
    warmUpSeconds: positive('--warm-up', values['warm-up']),
    say: (line) => process.stderr.write(`${line}\n`),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        clients: { type: 'string', default: '8,16,32,48,64,96,128,160,192,256' },
        writers: { type: 'string', default: 'anyone' },
        seconds: { type: 'string', default: '10' },
        'warm-up': { type: 'string', default: '5' },
      },
    }).values;
  } catch (cause) {
    throw usage((cause as Error).message);
  }
}

function writersOf(text: string): AwsStackOptions['writers'] {
  if (text === 'anyone' || text === 'certificate') return text;
  throw usage(`--writers: expected anyone or certificate, got ${text}`);
}

function positive(option: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw usage(`${option}: expected whole numbers above 0, got ${text}`);
}

function usage(message: string): ToolkitError {
  return new ToolkitError('CLI_USAGE', { message, fault: 'input', hint: 'see npm run bench:aws-stack -- --help' });
}
