import { describe } from '@jest/globals';

/** The number of a user who is not us, and need not exist. */
export const stranger = 12_345;

const isRoot = process.geteuid?.() === 0;

/** `describe` for what only root can set up: files of another user. */
export const asRoot = isRoot ? describe : describe.skip;
/** For the title of what is skipped. */
export const rootSkipped = isRoot ? '' : ' (SKIPPED: only root can give a file to another user)';
