/**
 * Where published files live: a directory, a bucket. Paths are relative, with `/`, and never climb.
 * Writes are durable when the promise resolves.
 */
export interface Store {
  /** Named in messages, e.g. `file:/srv/tuf` or `s3://bucket/prefix`. */
  readonly uri: string;
  /** Returns the bytes, or `undefined` where nothing was ever written. */
  read(path: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /** Creates a file that must not exist, or exists with the same bytes. Throws `STORE_EXISTS` otherwise. */
  create(path: string, bytes: Uint8Array): Promise<void>;
  /** Replaces a file as one step: readers see the old bytes or the new ones. */
  replace(path: string, bytes: Uint8Array): Promise<void>;
}
