import { join } from 'node:path';
import { EventLayout, type RootSigningLayout } from '../root-signing/layout.ts';

/** Where things are in the directory of one offline authority. Nothing in it is ever replaced. */
export class CaLayout {
  readonly directory: string;

  constructor({ directory }: RootSigningLayout, name: string) {
    this.directory = join(casDirectory({ directory }), name);
  }

  /** Written last at genesis: with it the authority is there. */
  get document(): string {
    return join(this.directory, 'ca.json');
  }

  get root(): string {
    return join(this.directory, 'root.pem');
  }

  get issued(): string {
    return join(this.directory, 'issued');
  }

  get cross(): string {
    return join(this.directory, 'cross');
  }

  /** What may be known of each splitting of its secret. */
  get shares(): string {
    return join(this.directory, 'shares');
  }

  get proofs(): string {
    return join(this.directory, 'proofs');
  }

  get retired(): string {
    return join(this.directory, 'retired.json');
  }
}

/** An event of an authority: like one of the root of trust, and apart from those, which other verbs read. */
export class CaEventLayout extends EventLayout {
  constructor({ directory }: RootSigningLayout, name: string) {
    super(join(directory, 'ca-events', name));
  }

  /** The bytes that the key of the authority signs. */
  get tbs(): string {
    return join(this.payloads, 'certificate.tbs');
  }

  get authorisations(): string {
    return join(this.directory, 'authorisations');
  }
}

export function casDirectory({ directory }: Pick<RootSigningLayout, 'directory'>): string {
  return join(directory, 'cas');
}
