import { spawn } from 'node:child_process';
import { dlopen } from 'node:process';
import { Worker } from 'node:worker_threads';

/* Tries what the permissions of the holder's script have to forbid, and prints which errors came of it. */

const tries = {
  process: () => spawn('/bin/true'),
  thread: () => new Worker('', { eval: true }),
  addon: () => dlopen({ exports: {} }, '/nowhere.node'),
};

const codes = Object.entries(tries).map(([name, attempt]) => {
  try {
    attempt();
    return [name, 'done'];
  } catch (error) {
    return [name, error.code];
  }
});
process.stdout.write(JSON.stringify(Object.fromEntries(codes)));
