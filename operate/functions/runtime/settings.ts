import { join } from 'node:path';
import { utf8 } from '../../../src/core/bytes.ts';
import { ToolkitError } from '../../../src/core/error.ts';
import { readFileCapped } from '../../../src/core/files.ts';
import { parseJson } from '../../../src/core/json.ts';
import { assertRead, type Read, readShape } from '../../../src/core/shape.ts';

const maxSettingBytes = 4_096;

/** Names of the files that are packed beside the code: what a function trusts comes with it, never from what it judges. */
export const packedFiles = { pinnedRoot: 'root.json', policy: 'policy.yaml', databaseCa: 'database-ca.pem' } as const;

/** What a function is told by its environment, and the files that were packed with it. */
export class FunctionSettings {
  readonly #environment: Readonly<Record<string, string | undefined>>;

  constructor(environment: Readonly<Record<string, string | undefined>>) {
    this.#environment = environment;
  }

  /** @throws OPS_FUNCTION_SETTING */
  text(name: string): string {
    const value = this.#environment[name];
    if (value !== undefined && value !== '') return value;
    throw new ToolkitError('OPS_FUNCTION_SETTING', {
      message: `${name}: expected this environment variable to be set`,
      fault: 'input',
      data: { name },
      hint: 'the deployment sets it, and somebody has changed it: put it back (docs/operator-runbook.md#put-back)',
    });
  }

  /** Returns undefined where the variable is not set. */
  optional(name: string): string | undefined {
    return this.#environment[name] || undefined;
  }

  /** @throws OPS_FUNCTION_SETTING, CORE_JSON */
  json<T>(name: string, shape: Read<T>): T {
    const json = parseJson(utf8(this.text(name)), { what: name, maxBytes: maxSettingBytes });
    const hint = 'the deployment sets it, and somebody has changed it: put it back (docs/operator-runbook.md#put-back)';
    return assertRead(readShape(shape, json), { code: 'OPS_FUNCTION_SETTING', what: name, hint });
  }

  /** Path of a file that was packed with the code. Lambda says where it unpacked both. */
  packedPath(name: string): string {
    return join(this.text('LAMBDA_TASK_ROOT'), name);
  }

  async packed(name: string, maxBytes: number): Promise<Uint8Array> {
    return await readFileCapped(this.packedPath(name), maxBytes);
  }
}
