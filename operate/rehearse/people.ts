import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RootPolicy } from '../../src/config/root-policy.ts';
import { policyText } from './policy-text.ts';
import type { Stage } from './stage.ts';

/** A key of somebody, as the options that name it on a command line. */
export interface PersonsKey {
  readonly owner: string;
  readonly options: readonly string[];
}

type Policy = Omit<RootPolicy, 'file' | 'text' | 'warnings'>;

/** Who holds which key on stage, and the policy that says who may. */
export class People {
  readonly #stage: Stage;
  readonly #keys = new Map<string, PersonsKey>();
  #made = 0;
  policy: Policy;

  constructor(stage: Stage, policy: Policy) {
    this.#stage = stage;
    this.policy = policy;
  }

  get ids(): readonly string[] {
    return this.policy.holders.map(({ id }) => id);
  }

  /** The key with which somebody signs now; for targets, the second one where there is one. */
  key(id: string, role: 'all' | 'targets' = 'all'): PersonsKey {
    const key = this.#keys.get(`${id} ${role}`) ?? this.#keys.get(`${id} all`);
    if (key) return key;
    throw new TypeError(`${id} has no key`);
  }

  /** The keys of as few people as must sign these roles. */
  quorum(roles: readonly string[]): readonly PersonsKey[] {
    const keysOf = (id: string) => [
      ...(roles.includes('root') ? [this.key(id)] : []),
      ...(roles.includes('targets') ? [this.key(id, 'targets')] : []),
    ];
    return this.ids.slice(0, this.policy.root.threshold).flatMap(keysOf);
  }

  /** Invites somebody, who proves possession of a new key, and takes the answer in. Returns the key before. */
  async enrol(id: string, keys: 'all' | 'targets' = 'all'): Promise<PersonsKey | undefined> {
    this.#made += 1;
    const options = await this.#stage.holderKeys.newKey(id, `root-${this.#made}`);
    await this.#stage.coordinator('ceremony', 'invite', id, ...(keys === 'targets' ? ['--keys', keys] : []));
    const name = keys === 'all' ? 'invitation.json' : 'targets-invitation.json';
    const invitation = join(this.#stage.rootSigning, 'keyholders', id, name);
    const answer = this.#stage.path(`${id}-${this.#made}.enrolment.json`);
    await this.#stage.holder(id, 'ceremony', 'enroll', '--invitation', invitation, ...options, '--check');
    await this.#stage.holder(id, 'ceremony', 'enroll', '--invitation', invitation, ...options, '--to', answer);
    await this.#stage.coordinator('ceremony', 'enroll', '--accept', answer);
    const before = this.#keys.get(`${id} ${keys}`);
    this.#keys.set(`${id} ${keys}`, { owner: id, options });
    return before;
  }

  async change(policy: Partial<Policy>): Promise<void> {
    this.policy = { ...this.policy, ...policy };
    await writeFile(join(this.#stage.rootSigning, 'policy.yaml'), policyText(this.policy));
  }

  async target(name: string, change: (text: string) => string): Promise<void> {
    const path = join(this.#stage.rootSigning, 'targets', name);
    const before = await readFile(path, 'utf8').catch(() => '');
    await writeFile(path, change(before));
  }
}
