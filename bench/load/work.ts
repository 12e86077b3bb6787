import type { ServiceClients } from './load-client.ts';
import { issuedCertificate, type Signatory } from './signatory.ts';

/** Something that a client does again and again, from its first byte to the last answer. */
export interface Work {
  readonly name: string;
  /** Its answer waits for a checkpoint of a log, so a block has to be long. */
  readonly waitsForCheckpoint: boolean;
  run(clients: ServiceClients, signatory: Signatory): Promise<unknown>;
}

export const certificate: Work = {
  name: 'certificate',
  waitsForCheckpoint: true,
  run: ({ fulcio }, signatory) => fulcio.send(signatory.certificate()),
};

export const logEntry: Work = {
  name: 'log-entry',
  waitsForCheckpoint: true,
  run: ({ rekor }, signatory) => rekor.send(signatory.logEntry()),
};

export const timestamp: Work = {
  name: 'timestamp',
  waitsForCheckpoint: false,
  run: (clients, signatory) => clients.timestamp.send(signatory.timestamp()),
};

/** A whole signature, in the order of the signing clients. */
export const signature: Work = {
  name: 'signature',
  waitsForCheckpoint: true,
  run: async (clients, signatory) => {
    const issued = issuedCertificate(await clients.fulcio.send(signatory.certificate()));
    await clients.timestamp.send(signatory.timestamp());
    await clients.rekor.send(signatory.logEntry(issued));
  },
};

/**
 * The same ways through the gateway without the wait for a checkpoint, whose phase would hide a millisecond: what
 * Fulcio knows by heart, and an entry that Rekor refuses at once.
 */
export const trustBundle: Work = {
  name: 'trust-bundle',
  waitsForCheckpoint: false,
  run: ({ fulcio }) => fulcio.send({ method: 'GET', path: '/api/v2/trustBundle', status: 200 }),
};

export const refusedEntry: Work = {
  name: 'refused-entry',
  waitsForCheckpoint: false,
  run: ({ rekor }) =>
    rekor.send({
      method: 'POST',
      path: '/api/v2/log/entries',
      contentType: 'application/json',
      body: Buffer.from('{}'),
      status: 400,
    }),
};

export const loadedWorks: readonly Work[] = [signature, certificate, logEntry, timestamp];
export const unloadedWorks: readonly Work[] = [timestamp, trustBundle, refusedEntry];
