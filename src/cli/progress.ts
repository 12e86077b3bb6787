import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';
import type { Progress, ProgressStep } from '../core/progress.ts';

interface Line {
  readonly title: string;
  readonly startedAt: number;
  detail: string;
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const drawEveryMs = 100;

/**
 * Draws steps that run side by side, with the seconds each has taken: one moving line per running step on a
 * terminal, one plain line per finished step elsewhere.
 */
export class TerminalProgress implements Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #running = new Set<Line>();
  readonly #draw: ReturnType<typeof createLogUpdate> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#draw = stream.isTTY ? createLogUpdate(stream) : undefined;
  }

  step(title: string): ProgressStep {
    const line: Line = { title, startedAt: performance.now(), detail: '' };
    this.#running.add(line);
    this.#timer ??= this.#draw && setInterval(() => this.#redraw(), drawEveryMs).unref();
    return {
      update: (detail) => {
        line.detail = detail;
      },
      done: (detail) => this.#finish(line, styleText('green', '✓', { stream: this.#stream }), detail),
      fail: (detail) => this.#finish(line, styleText('red', '✗', { stream: this.#stream }), detail),
    };
  }

  /** Prints a line above the running steps. */
  print(text: string): void {
    this.#draw?.clear();
    this.#stream.write(`${text}\n`);
    this.#redraw();
  }

  #finish(line: Line, mark: string, detail: string | undefined): void {
    if (!this.#running.delete(line)) return;
    const note = detail ?? line.detail;
    this.print(`${mark} ${line.title}${note ? ` – ${note}` : ''} ${this.#dim(seconds(line))}`);
    if (this.#running.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#draw?.clear();
  }

  #redraw(): void {
    if (!this.#draw || this.#running.size === 0) return;
    this.#frame += 1;
    const mark = frames[this.#frame % frames.length];
    const lines = [...this.#running].map((line) => {
      const detail = line.detail ? ` – ${line.detail}` : '';
      return `${mark} ${line.title}${detail} ${this.#dim(seconds(line))}`;
    });
    this.#draw(lines.join('\n'));
  }

  #dim(text: string): string {
    return styleText('dim', text, { stream: this.#stream });
  }
}

function seconds(line: Line): string {
  return `(${((performance.now() - line.startedAt) / 1_000).toFixed(1)} s)`;
}
