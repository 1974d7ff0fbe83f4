// What `vamana compact` and `vamana rebuild` share: a job begun, its progress shown, and what came of it.
import type { Collection, Job, JobOptions } from '../src/index.js';
import {
  type Fact,
  formatNumber,
  formatSeconds,
  printFacts,
  printJson,
  printLine,
  rounded,
  snakeKeys,
} from './output.js';
import { createStagedProgress } from './progress.js';

export async function runJob(
  collection: Collection,
  begin: (options: JobOptions) => Promise<Job | null>,
  { json, signal, force }: { json: boolean; signal: AbortSignal; force: boolean },
): Promise<void> {
  const progress = createStagedProgress('rows');
  let job: Job | null;
  try {
    job = await begin({ force, signal, onProgress: (stage) => progress.update(stage) });
  } finally {
    progress.end();
  }
  printJob(collection.name, job, json);
}

export function printJob(collection: string, job: Job | null, json: boolean): void {
  if (json) printJson({ collection, job: job === null ? null : jobJson(job) });
  else if (job === null) printLine('no segments: nothing to do (fresh rows are written by `vamana flush`)');
  else printFacts([['collection', collection], ...jobFacts(job)]);
}

export function jobFacts(job: Job): Fact[] {
  const seconds = job.endedAt === null ? null : secondsOf(job);
  return [
    ['job', `${job.id}, ${job.kind}, ${job.state}`],
    ['reason', job.reason],
    ['segments', `${job.segments.join(', ')} -> ${job.into ?? 'none'}`],
    ...(job.rows === null ? [] : [['rows', formatNumber(job.rows)] as const]),
    ...(seconds === null ? [] : [['time', formatSeconds(seconds)] as const]),
    ...(job.pausedMs === null ? [] : [['writes waited', `${formatNumber(rounded(job.pausedMs))} ms`] as const]),
    ...(job.swapMs === null ? [] : [['exchange', `${formatNumber(rounded(job.swapMs))} ms`] as const]),
    ...job.gates.map(
      ({ gate, passed, figures }): Fact => [`gate ${gate}`, `${passed ? 'passed' : 'REFUSED'}: ${figuresOf(figures)}`],
    ),
    ...(job.error === null ? [] : [['error', job.error] as const]),
  ];
}

export function secondsOf({ startedAt, endedAt }: Job): number {
  return endedAt === null ? 0 : (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
}

export function jobJson(job: Job): unknown {
  return snakeKeys({ ...job, seconds: rounded(secondsOf(job)) });
}

function figuresOf(figures: Record<string, number>): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${formatNumber(rounded(value))}`)
    .join(', ');
}
