import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { type Moment, moments } from '../../src/core/moment.ts';
import { projectDirectory, userEnvironment } from './instance.ts';

/** A moment that an `up` says it has reached, e.g. `key-made` of `fulcio`. */
export interface ReachedMoment {
  readonly moment: Moment;
  readonly what: string;
}

export interface UpEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TracedUpOptions {
  /** @default what `up` chooses */
  readonly state?: string;
  /** More arguments of `up`. */
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Called at once at each moment; what it does lands there, or a little later: `up` does not wait. */
  readonly onReached?: (reached: ReachedMoment, up: TracedUp) => void;
}

const line = /^sigstead: reached: (\S+)(?: (.*))?$/;
const known = new Set<string>(moments);

/** An `up` in a process of its own that says what it reaches. */
export class TracedUp {
  readonly ended: Promise<UpEnd>;
  readonly #child: ChildProcess;
  readonly #watchers = new Set<(reached: ReachedMoment) => void>();
  #stderr = '';
  #stdout = '';
  #partial = '';

  constructor(options: TracedUpOptions) {
    const state = options.state === undefined ? [] : ['--state', options.state];
    const args = ['up', '--test-grant', ...state, ...(options.args ?? [])];
    this.#child = spawn(join(projectDirectory, 'bin', 'sigstead'), args, {
      cwd: projectDirectory,
      env: userEnvironment({ SIGSTEAD_TRACE: '1', ...options.environment }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (options.onReached) this.#watchers.add((reached) => options.onReached?.(reached, this));
    this.#read(this.#child.stderr, (text) => this.#hear(text));
    this.#read(this.#child.stdout, (text) => {
      this.#stdout += text;
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves once the moment is reached; fails if `up` ends before. */
  async reached(moment: Moment): Promise<void> {
    const heard = new Promise<void>((resolve) => {
      this.#watchers.add((reached) => {
        if (reached.moment === moment) resolve();
      });
      if (this.#stderr.includes(`sigstead: reached: ${moment}`)) resolve();
    });
    const end = this.ended.then(({ code, signal, stderr }) => {
      throw new Error(`up ended (${signal ?? code}) before ${moment}:\n${stderr}`);
    });
    await Promise.race([heard, end]);
  }

  #read(stream: NodeJS.ReadableStream | null, take: (text: string) => void): void {
    const decoder = new StringDecoder();
    stream?.on('data', (chunk: Buffer) => take(decoder.write(chunk)));
  }

  #hear(text: string): void {
    this.#stderr += text;
    const lines = `${this.#partial}${text}`.split('\n');
    this.#partial = lines.pop() ?? '';
    for (const one of lines) {
      const [, moment = '', what = ''] = line.exec(one) ?? [];
      if (!known.has(moment)) continue;
      for (const watcher of this.#watchers) watcher({ moment: moment as Moment, what });
    }
  }
}

/** Runs an `up` and ends it with a signal as soon as `isMoment` says so; `moment` is undefined if it never did. */
export async function signalAt(
  signal: NodeJS.Signals,
  isMoment: (reached: ReachedMoment, up: TracedUp) => boolean,
  options: TracedUpOptions,
): Promise<UpEnd & { readonly moment: ReachedMoment | undefined }> {
  let moment: ReachedMoment | undefined;
  const up = new TracedUp({
    ...options,
    onReached: (reached, self) => {
      if (moment !== undefined || !isMoment(reached, self)) return;
      moment = reached;
      self.kill(signal);
    },
  });
  const end = await up.ended;
  return { ...end, moment };
}
