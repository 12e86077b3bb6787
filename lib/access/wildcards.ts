import type { Statement } from './statement.ts';

/** Why a statement of a role names more than one thing, by its `Sid`; a reviewer finds it as the answer to cdk-nag. */
const reasons: Readonly<Record<string, string>> = {
  Registry: 'a token for the registry is given for all of it or not at all; what may be pulled stands in Image',
  Log: 'whoever writes to a log group names the streams; the group has one owner',
  ReadLog: 'the objects of one log, in its own bucket',
  WriteLog: 'the objects of one log, in its own bucket; what is there is not overwritten',
  RemovePartialTiles: 'partial tiles of one log, which full ones replaced',
  OwnKey: 'the secrets with the key of one log',
  ReadTuf: 'the objects of the TUF repository, which is public',
  WriteTuf: 'versions of metadata have names that nobody knows yet; what is there is not overwritten',
  Remember: 'the part of one function in what all of them remember',
  DatabaseSecrets: 'the secrets of the databases of all shards, which the function makes',
  Network: 'Lambda makes the interfaces, and their names with them',
  Lists: 'KMS lists for all keys or not at all; a list tells ids and nothing else',
  Aliases: 'the aliases of the instance; nothing signs by an alias',
  Trail: 'the history of an account is read as a whole or not at all',
  Stacks: 'stacks of the instance; their outputs are no secret',
  ReadRecords: 'the records of all logs of a region',
  ReadMemory: 'what the functions remember, none of which is a secret',
  RemoveVersions: 'break-glass: whatever must not be kept, wherever it is',
  CreateKeys: 'a key that is not there yet has no ARN; which keys they may be is denied beside it',
  OnlySigningKeys: 'a refusal',
  OneRegion: 'a refusal',
  KeptManageable: 'a refusal',
  Keys: 'a tag on a key that is not there yet',
};

/** Returns what cdk-nag is to be told about the wildcards of a role: one without a reason here stays a finding. */
export function wildcardReasons(
  statements: readonly Statement[],
): readonly { readonly id: string; readonly reason: string }[] {
  const found = new Map<string, Set<string>>();
  for (const { Sid, Resource = [] } of statements) {
    const reason = reasons[Sid];
    if (reason === undefined) continue;
    for (const resource of [Resource].flat().filter((each) => each.includes('*'))) {
      found.set(resource, (found.get(resource) ?? new Set()).add(reason));
    }
  }
  return [...found].map(([resource, why]) => ({
    id: `AwsSolutions-IAM5[Resource::${resource}]`,
    reason: [...why].join('; '),
  }));
}
