import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { inclusionProofLine } from '../../lib/constructs/rekor-log-metrics.ts';
import { serverPath } from '../support/servers.ts';

/** Compiling the servers for AWS takes minutes the first time. */
const buildTimeoutMs = 900_000;

it(
  'Rekor has the words that its log group is searched for, beside the counter that they stand for',
  async () => {
    const program = await readFile(await serverPath('rekor-aws'));
    for (const words of [...inclusionProofLine, 'rekor_v2_inclusion_proof_failure_total']) {
      expect({ words, found: program.includes(words) }).toEqual({ words, found: true });
    }
    expect(program.includes('words that no server has')).toBe(false);
  },
  buildTimeoutMs,
);
