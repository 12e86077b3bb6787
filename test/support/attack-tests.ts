/** Attacks on clients, signers and publishers that have their test elsewhere: the attack, the file, words of the test. */
export const attackTests: readonly (readonly [attack: string, file: string, test: string])[] = [
  ['rollback of targets in the snapshot', 'test/src/tuf/repository.test.ts', 'refuses an older snapshot under a newer'],
  ['removal of a role from the snapshot', 'test/src/tuf/repository.test.ts', 'refuses a snapshot that forgets a file'],
  ['fast-forward of timestamp, snapshot and targets', 'test/ceremony/revocation.test.ts', 'saw version 1000 of %s'],
  ['replay of targets after a revocation', 'test/ceremony/revocation.test.ts', 'sees the new root refuse them'],
  ['a chain of roots without end', 'test/src/tuf/root-chain.test.ts', 'refuses a chain without end'],
  ['endless data in the place of a target', 'test/src/tuf/repository.test.ts', 'whether shorter, longer or changed'],
  ['one private key, several ids', 'test/src/tuf/threshold.test.ts', 'counts one private key once'],
  ['a tampered packet', 'test/ceremony/review/damaged.test.ts', 'a packet with one flipped bit'],
  ['a packet that contradicts itself', 'test/ceremony/review/refused.test.ts', "'a plan of another kind'"],
  [
    'a packet of another repository',
    'test/ceremony/review/refused.test.ts',
    'refuses the packet of another repository',
  ],
  ['a signature for another event', 'test/ceremony/event/signatures.test.ts', 'refuses one that says it is for %s'],
  [
    'an old revision of a plan',
    'test/ceremony/event/amend.test.ts',
    'refuses packets and signatures of the old revision',
  ],
  ['a transcript that is cut off', 'test/ceremony/transcript/transcript.test.ts', 'refuses a cut at the end of a line'],
];
