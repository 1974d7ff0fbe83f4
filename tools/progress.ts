// Progress of long work, on stderr: on a terminal one line that is rewritten, otherwise a line every few
// seconds, so that logs stay readable. Short work that ends before the first line prints nothing there.
// The rate is that of the last seconds, because the stages of a build slow down as they go.
import { formatBytes, formatNumber, formatSeconds } from './output.js';

export interface ProgressOptions {
  label: string;
  /** Unknown when left out or 0: then no percentage and no ETA. */
  total?: number;
  /** What is counted, in the plural: "rows". "bytes" are shown as kB, MB and so on. */
  unit: string;
  /** For tests; stderr and the clock otherwise. */
  stream?: ProgressStream;
  nowMs?: () => number;
  /** When the work began, on that clock; now by default. */
  startMs?: number;
}

export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  /** `done` of the total so far. May be called as often as one likes. */
  update(done: number): void;
  /** The last line; `atMs` is when the work ended, now by default. Idempotent; update() after it is ignored. */
  end(atMs?: number): void;
}

const TTY_INTERVAL_MS = 100;
/** Work that is over before that shows nothing on a terminal either. */
const TTY_DELAY_MS = 300;
const LOG_INTERVAL_MS = 5000;
const RATE_WINDOW_MS = 10_000;

export function createProgress(options: ProgressOptions): Progress {
  const stream = options.stream ?? process.stderr;
  const nowMs = options.nowMs ?? (() => performance.now());
  const interactive = stream.isTTY === true;
  const startMs = options.startMs ?? nowMs();
  const samples: { atMs: number; done: number }[] = [{ atMs: startMs, done: 0 }];
  let writtenMs = interactive ? startMs + TTY_DELAY_MS - TTY_INTERVAL_MS : startMs;
  let written = false;
  let done = 0;
  let ended = false;

  const write = (line: string): void => {
    const text = interactive ? line.slice(0, Math.max(20, columnsOf(stream) - 1)) : line;
    stream.write(interactive ? `\r\x1b[K${text}` : `${text}\n`);
    written = true;
  };

  return {
    update(count) {
      if (ended) return;
      done = count;
      const atMs = nowMs();
      if (atMs - writtenMs < (interactive ? TTY_INTERVAL_MS : LOG_INTERVAL_MS)) return;
      writtenMs = atMs;
      samples.push({ atMs, done });
      while (samples.length > 2 && atMs - (samples[1]?.atMs ?? atMs) >= RATE_WINDOW_MS) samples.shift();
      write(runningLine(options, done, rateOf(samples)));
    },
    end(atMs = nowMs()) {
      if (ended) return;
      ended = true;
      if (!written) return;
      const seconds = (atMs - startMs) / 1000;
      const what = options.total === 1 ? 'done' : amount(done, options.unit);
      write(`${options.label}: ${what} in ${formatSeconds(seconds)}`);
      if (interactive) stream.write('\n');
    },
  };
}

/** What long native work reports: a named stage with its own count. */
export interface StageProgress {
  stage: string;
  done: number;
  total: number;
}

/**
 * Progress over stages one after another: a new line whenever the stage changes. A stage began when the one
 * before it was last heard of; one with a total of 1 is a single step, of which only the end is told. `unit` may
 * depend on the stage.
 */
export function createStagedProgress(
  unit: string | ((stage: string) => string),
  common: Pick<ProgressOptions, 'stream' | 'nowMs'> = {},
): { update(progress: StageProgress): void; end(): void } {
  const nowMs = common.nowMs ?? (() => performance.now());
  let stage: string | undefined;
  let current: Progress | undefined;
  let heardMs = nowMs();
  return {
    update(progress) {
      if (progress.stage !== stage) {
        current?.end(heardMs);
        stage = progress.stage;
        const counted = typeof unit === 'string' ? unit : unit(stage);
        current = createProgress({
          ...common,
          nowMs,
          startMs: heardMs,
          label: stage,
          total: progress.total,
          unit: counted,
        });
      }
      current?.update(progress.done);
      heardMs = nowMs();
    },
    end() {
      current?.end();
    },
  };
}

function rateOf(samples: readonly { atMs: number; done: number }[]): number {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
  return ((last.done - first.done) * 1000) / (last.atMs - first.atMs);
}

function runningLine(options: ProgressOptions, done: number, rate: number): string {
  const { label, unit } = options;
  const total = options.total ?? 0;
  if (total === 1) return label;
  const speed = `${amount(Math.round(rate), unit)}/s`;
  if (total <= 0) return `${label}: ${amount(done, unit)}, ${speed}`;
  const percent = ((100 * done) / total).toFixed(1);
  const left = rate > 0 ? formatSeconds(Math.max(0, total - done) / rate) : 'unknown';
  return `${label}: ${percent}% of ${amount(total, unit)}, ${speed}, ETA ${left}`;
}

function amount(count: number, unit: string): string {
  return unit === 'bytes' ? formatBytes(count) : `${formatNumber(count)} ${unit}`;
}

// A pseudo-terminal without a size says 0.
function columnsOf(stream: ProgressStream): number {
  return stream.columns || 80;
}
