import type { Command } from '../src/cli/command.ts';
import { ceremonyResignOnlineCommand, ceremonyVerifyCommand } from './ceremony-commands.ts';
import { downCommand } from './down.ts';
import { envCommand } from './env.ts';
import { loginCommand } from './login.ts';
import { logsCommand } from './logs.ts';
import { smokeCommand } from './smoke.ts';
import { statusCommand } from './status.ts';
import { trustCompileCommand, trustDiffCommand, trustLintCommand } from './trust-commands.ts';
import { upCommand } from './up.ts';

/** Every verb of the command line, in the order of the help. */
export const commands: readonly Command[] = [
  upCommand,
  statusCommand,
  envCommand,
  loginCommand,
  smokeCommand,
  logsCommand,
  downCommand,
  trustCompileCommand,
  trustLintCommand,
  trustDiffCommand,
  ceremonyVerifyCommand,
  ceremonyResignOnlineCommand,
];
