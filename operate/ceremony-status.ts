import { resolve } from 'node:path';
import { outlookExitCode, outlookOf, type RoleOutlook } from '../ceremony/outlook.ts';
import { calendarOf, metricsOf } from '../ceremony/reminders.ts';
import { rootSigningStatus } from '../ceremony/verbs/status.ts';
import { openPublished } from '../ceremony/verify.ts';
import { StateDirectory } from '../local/state.ts';
import type { Command, Invocation, Outcome } from '../src/cli/command.ts';
import { readRootPolicy } from '../src/config/root-policy.ts';
import { formatInstant, parseInstant } from '../src/core/clock.ts';
import { ToolkitError } from '../src/core/error.ts';
import { readFileCapped } from '../src/core/files.ts';
import { maxMetadataBytes } from '../src/tuf/layout.ts';
import { readRepository } from '../src/tuf/repository.ts';
import { readInstanceFacts } from './instance-facts.ts';
import { rootPolicyFile } from './root-of-trust.ts';
import { stateOption, statePath } from './settings.ts';

export const ceremonyStatusCommand: Command = {
  words: ['ceremony', 'status'],
  summary: 'say how much time is left to sign each role of a root of trust',
  details: [
    'For cron and calendars: the exit code says how urgent it is. Of the instance in the state directory, of a',
    'root-signing directory with --dir, or of any published repository with --metadata, --root and --policy.',
  ].join('\n'),
  options: {
    ...stateOption,
    metadata: { type: 'string', value: 'DIR|URL', help: 'a published repository, where timestamp.json is' },
    root: { type: 'string', value: 'FILE', help: 'the root that its clients pin' },
    policy: { type: 'string', value: 'FILE', help: 'its policy.yaml' },
    dir: { type: 'string', value: 'DIR', help: 'a root-signing directory: its roles and its open events' },
    at: { type: 'string', value: 'TIME', help: 'as it will be then, e.g. 2026-12-24T00:00:00Z (default: now)' },
    ics: { type: 'boolean', help: 'print a calendar (RFC 5545) with the days of signing and of expiry' },
    prometheus: { type: 'boolean', help: 'print metrics, for the textfile collector of the node exporter' },
  },
  examples: [
    { command: 'sigstead ceremony status', explains: 'of the local instance' },
    { command: 'sigstead ceremony status --dir root-signing', explains: 'who has signed, and who is still needed' },
    {
      command:
        'sigstead ceremony status --metadata https://tuf.acme.example --root 1.root.json --policy root-signing/policy.yaml',
      explains: 'of a published repository; mail the output if the exit code is not 0',
    },
  ],
  exitNotes: [
    '10   an event waits for signatures',
    '20   root or targets: the time for signing the next version has begun',
    '30   some role: half of that time is over',
    '40   some role has expired',
  ],
  run: status,
};

async function status(invocation: Invocation): Promise<Outcome> {
  const { options, clock } = invocation;
  if (options.flag('ics') && options.flag('prometheus')) throw usage('expected --ics or --prometheus, not both');
  const at = options.text('at');
  const now = at === undefined ? clock.now() : parseInstant(at, '--at');
  if (options.text('dir') !== undefined) {
    const other = ['metadata', 'root', 'policy'].find((name) => options.text(name) !== undefined);
    if (other !== undefined) throw usage(`expected --dir or --${other}, not both`);
    const forPrograms = options.flag('ics') || options.flag('prometheus');
    return await rootSigningStatus(invocation, {
      now,
      render: forPrograms ? (roles) => textOf(roles, now, options) : undefined,
    });
  }
  const { metadata, rootFile, policyFile } = await sourcesOf(invocation);
  const policy = await readRootPolicy(policyFile);
  const pinnedRoot = await readFileCapped(rootFile, maxMetadataBytes.root);
  const repository = await readRepository({ read: await openPublished({ metadata }), pinnedRoot });
  const roles = outlookOf({ repository, policy, now });
  return {
    json: { metadata, at: formatInstant(now), roles: roles.map(documentOf) },
    text: textOf(roles, now, options),
    exitCode: outlookExitCode(roles),
  };
}

async function sourcesOf({ options, environment }: Invocation) {
  const given = ['metadata', 'root', 'policy'].map((name) => [name, options.text(name)] as const);
  const [metadata, root, policy] = given.map(([, value]) => value);
  if (metadata !== undefined && root !== undefined && policy !== undefined) {
    return { metadata, rootFile: resolve(root), policyFile: resolve(policy) };
  }
  const missing = given.flatMap(([name, value]) => (value === undefined ? [`--${name}`] : []));
  if (missing.length < given.length) throw usage(`expected ${missing.join(' and ')} too`);
  const state = new StateDirectory(statePath(options, environment));
  await readInstanceFacts(state);
  return { metadata: state.repository, rootFile: state.pinnedRootFile, policyFile: rootPolicyFile(state) };
}

function usage(message: string): ToolkitError {
  return new ToolkitError('CLI_USAGE', { message, fault: 'input', hint: 'run: sigstead ceremony status --help' });
}

function documentOf({ role, version, state, dueFrom, lateFrom, expires }: RoleOutlook) {
  const times = { dueFrom: formatInstant(dueFrom), lateFrom: formatInstant(lateFrom), expires: formatInstant(expires) };
  return { role, version, state, ...times };
}

function textOf(roles: readonly RoleOutlook[], now: Date, options: Invocation['options']): string {
  if (options.flag('ics')) return calendarOf(roles, now);
  if (options.flag('prometheus')) return metricsOf(roles);
  return roles
    .map(({ role, version, state, dueFrom, expires }) => {
      const next = state === 'fresh' ? `sign the next from ${formatInstant(dueFrom)}` : wordsOf[state];
      return `${role.padEnd(9)} v${version}  expires ${formatInstant(expires)}  ${next}\n`;
    })
    .join('');
}

const wordsOf = { due: 'sign the next one now', late: 'LITTLE TIME LEFT', expired: 'EXPIRED' } as const;
