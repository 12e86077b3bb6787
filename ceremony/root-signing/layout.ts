import { join } from 'node:path';

/** Where things are in `root-signing/`, and in one event of it. */
export class RootSigningLayout {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  get identity(): string {
    return join(this.directory, 'repository.json');
  }

  get policy(): string {
    return join(this.directory, 'policy.yaml');
  }

  get onlineKey(): string {
    return join(this.directory, 'online', 'key.json');
  }

  /** The online key that a change still to be published replaces. */
  get formerOnlineKey(): string {
    return join(this.directory, 'online', 'former-key.json');
  }

  get metadata(): string {
    return join(this.directory, 'metadata');
  }

  /** What shall be published: edited, reviewed, and frozen by an event. */
  get targets(): string {
    return join(this.directory, 'targets');
  }

  /** Bundles that must go on verifying, whatever is published. */
  get bundles(): string {
    return join(this.directory, 'bundles');
  }

  get events(): string {
    return join(this.directory, 'events');
  }

  /** Events of the offline authorities. */
  get caEvents(): string {
    return join(this.directory, 'ca-events');
  }

  event(name: string): EventLayout {
    return new EventLayout(join(this.events, name));
  }
}

export class EventLayout {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  get intent(): string {
    return join(this.directory, 'intent.yaml');
  }

  get plan(): string {
    return join(this.directory, 'plan.json');
  }

  /** There once the plan is frozen: its digest, as `sha256sum -c` reads it. */
  get planDigest(): string {
    return join(this.directory, 'plan.sha256');
  }

  get script(): string {
    return join(this.directory, 'script.md');
  }

  get page(): string {
    return join(this.directory, 'script.html');
  }

  /** The steps of the script, for comparing them with what was done. */
  get steps(): string {
    return join(this.directory, 'script.json');
  }

  get transcript(): string {
    return join(this.directory, 'transcript.jsonl');
  }

  get result(): string {
    return join(this.directory, 'result.json');
  }

  get payloads(): string {
    return join(this.directory, 'payloads');
  }

  get packets(): string {
    return join(this.directory, 'packets');
  }

  get signatures(): string {
    return join(this.directory, 'signatures');
  }

  get assembled(): string {
    return join(this.directory, 'assembled');
  }

  get verdicts(): string {
    return join(this.directory, 'verify');
  }

  /** Where `amend` puts a revision that is superseded. */
  superseded(revision: number): string {
    return join(this.directory, 'superseded', `r${revision}`);
  }
}
