/** What a client needs to know of an instance, and nothing else: everything follows from the published TUF repository. */
export interface TrustAnchor {
  readonly tufUrl: string;
  /** Path of the pinned `1.root.json`. */
  readonly rootFile: string;
}

export interface Expectation {
  readonly identity: string;
  readonly issuer: string;
}

/** What a client said. `reason` is its own words, so that a refusal can be told from a broken setup. */
export type Verdict = { readonly accepted: true } | { readonly accepted: false; readonly reason: string };

/**
 * A Sigstore client that we did not write, run as its users run it, with a home of its own. One that was made with a
 * signal ends as soon as that is aborted, and throws its reason: an interrupt is no verdict.
 */
export interface SigstoreClient {
  readonly name: 'cosign' | 'sigstore-js' | 'sigstore-python';
  readonly version: string;
  /** Fetches trust from the anchor into `home`. A refusal is a verdict, not an error. */
  initialize(anchor: TrustAnchor, home: string): Promise<Verdict>;
  /** Signs a file and writes its bundle; undefined where we do not sign with this client. */
  readonly sign?: (request: SignRequest) => Promise<void>;
  verify(request: VerifyRequest): Promise<Verdict>;
}

export interface SignRequest {
  readonly anchor: TrustAnchor;
  readonly home: string;
  readonly artifact: string;
  readonly bundle: string;
  /** An OpenID Connect ID token. A secret: it reaches the client through its environment or stdin. */
  readonly identityToken: string;
  /** Use this timestamp authority of the signing config, where the client can be told. @default the client chooses */
  readonly tsaUrl?: string;
}

export interface VerifyRequest {
  readonly anchor: TrustAnchor;
  readonly home: string;
  readonly artifact: string;
  readonly bundle: string;
  readonly expected: Expectation;
}
