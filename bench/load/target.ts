/** Base URLs of the three services that a signature needs. */
export interface SigningUrls {
  readonly fulcio: string;
  readonly rekor: string;
  readonly timestamp: string;
}

/** What is put under load. */
export interface SigningTarget {
  /** The servers themselves; the gateway in front of them is the bench's own, in a process of its own. */
  readonly bare: SigningUrls;
  /** Returns an ID token that Fulcio accepts and that lives for another two minutes. */
  readonly token: () => Promise<string>;
}
