// Runs a program under `perf stat` and reads what it counted. Knows perf and its output, not what is counted:
// that is perf.ts's business. Output is asked for with -x, (one line an event: value, unit, event, time counted,
// share of the time counted, ...), on a descriptor of its own, so that it never mixes with the program's.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

export const EVENTS = [
  'page-faults',
  'major-faults',
  'context-switches',
  'cpu-migrations',
  'task-clock',
  'cycles',
  'instructions',
  'cache-misses',
  'branch-misses',
] as const;

export type EventName = (typeof EVENTS)[number];

export interface Count {
  /** Null when there is none; `reason` then says why. Milliseconds for task-clock. */
  value: number | null;
  reason: string | null;
  /** The share of the time that it was counted in, 0 to 1; below 1 the value was scaled up by perf. */
  share: number;
}

export type Counts = Record<EventName, Count>;

export const INSTALL_PERF = 'apt install linux-perf';
const NOT_SUPPORTED = 'not supported on this machine';
const LOG_DESCRIPTOR = 3;

/** A count for each of EVENTS from the output of `perf stat -x,`. */
export function parsePerfStat(text: string): Counts {
  const found = new Map<string, Count>();
  for (const line of text.split('\n')) {
    const [value, , event, , percent] = line.split(',');
    if (value === undefined || event === undefined || line.startsWith('#')) continue;
    const name = eventName(event);
    found.set(name, sum(found.get(name), parseCount(value, percent)));
  }
  const absent: Count = { value: null, reason: 'not in the output of perf', share: 0 };
  return Object.fromEntries(EVENTS.map((name) => [name, found.get(name) ?? absent])) as Counts;
}

/** Null when perf can count here, else the reason why not and what to do. */
export async function whyNoPerf(signal: AbortSignal): Promise<string | null> {
  try {
    const { exitCode, stderr, log } = await runPerfStat([process.execPath, '--version'], { signal });
    if (exitCode === 0 && parsePerfStat(log)['page-faults'].value !== null) return null;
    const complaint = stderr.find((line) => !/^(Error:?)?$/.test(line.trim())) ?? `exit code ${exitCode}`;
    return `perf cannot count here (${complaint.trim()}): allow it with sysctl kernel.perf_event_paranoid=1, or ${INSTALL_PERF}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return `perf is not installed: ${INSTALL_PERF}`;
  }
}

export interface PerfRun {
  exitCode: number | null;
  stdout: string;
  /** In lines. */
  stderr: string[];
  /** What perf counted, for parsePerfStat. */
  log: string;
}

/**
 * Runs `command` under perf stat. `onLine` is told each line of its stderr as it comes. Throws ENOENT without perf, and
 * the signal's reason when it was interrupted, after the program has ended.
 */
export async function runPerfStat(
  command: readonly string[],
  { signal, onLine }: { signal: AbortSignal; onLine?: (line: string) => void },
): Promise<PerfRun> {
  const counting = ['stat', '-x,', '--log-fd', String(LOG_DESCRIPTOR), '-e', EVENTS.join()];
  const child: ChildProcess = spawn('perf', [...counting, '--', ...command], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    // Decimal points and messages as they are parsed here.
    env: { ...process.env, LC_ALL: 'C' },
    // A process group of its own: perf passes no signal on to its program, so an interrupt must go to both.
    detached: true,
  });
  const interrupt = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    } catch (error) {
      // All of the group has ended by itself.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  signal.addEventListener('abort', interrupt);
  try {
    if (signal.aborted) interrupt();
    const [stdout, stderr, log] = await Promise.all([
      readAll(child.stdio[1]),
      readAll(child.stdio[2], onLine),
      readAll(child.stdio[LOG_DESCRIPTOR]),
      once(child, 'close'),
    ]);
    signal.throwIfAborted();
    return { exitCode: child.exitCode, stdout, stderr: stderr.split('\n').filter((line) => line !== ''), log };
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}

async function readAll(
  stream: ChildProcess['stdio'][number] | undefined,
  onLine?: (line: string) => void,
): Promise<string> {
  let text = '';
  let told = 0;
  const readable = stream as Readable;
  readable.setEncoding('utf8');
  for await (const chunk of readable) {
    text += chunk as string;
    for (let end = text.indexOf('\n', told); onLine !== undefined && end !== -1; end = text.indexOf('\n', told)) {
      onLine(text.slice(told, end));
      told = end + 1;
    }
  }
  return text;
}

// "cycles:u" where only user space may be counted; "cpu_core/cycles/" and "cpu_atom/cycles/" on processors with two
// kinds of cores.
function eventName(event: string): string {
  return event.replace(/^cpu_\w+\/(.+)\/\w*$/, '$1').replace(/:\w+$/, '');
}

function parseCount(value: string, percent: string | undefined): Count {
  if (value === '<not supported>') return { value: null, reason: NOT_SUPPORTED, share: 0 };
  const number = Number(value);
  if (value === '' || !Number.isFinite(number)) return { value: null, reason: value.replace(/[<>]/g, ''), share: 0 };
  return { value: number, reason: null, share: Number(percent ?? 100) / 100 };
}

// Of the two kinds of cores; one that was never used is not counted.
function sum(one: Count | undefined, other: Count): Count {
  if (one === undefined || one.value === null) return other.value === null && one !== undefined ? one : other;
  if (other.value === null) return one;
  return { value: one.value + other.value, reason: null, share: Math.min(one.share, other.share) };
}
