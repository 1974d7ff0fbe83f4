// A job of a collection's lifecycle, merge or rebuild, as it is told to users and kept on the disk: one sealed JSON
// document a job in `jobs/`. What a job did to the collection is in the manifest; this is its history. A job that is found
// running when the collection is opened was cut short: nothing of it is left but that.
import { join } from 'node:path';
import { type CollectionPaths, parseJobName } from '../disk/file-names.js';
import { type SealedFormat, seal, unseal } from '../disk/sealed-text.js';
import { replaceFile } from '../disk/staged-file.js';
import { type Storage, withFile } from '../disk/storage.js';
import type { GateResult } from './gates.js';

export type JobKind = 'minor' | 'major' | 'rebuild';
export type JobState = 'RUNNING' | 'VALIDATING' | 'SWAPPING' | 'DONE' | 'FAILED' | 'CANCELLED';

export interface Job {
  id: number;
  kind: JobKind;
  state: JobState;
  /** Why it was begun. */
  reason: string;
  /** The name of the vector space whose segments they are; absent where vectors have no names. */
  space?: string;
  /** Segments that it merges, and the one it makes; null before, and where no row of them lives. */
  segments: number[];
  into: number | null;
  startedAt: string;
  endedAt: string | null;
  /** Why it failed. */
  error: string | null;
  /** Gates were passed over. */
  force: boolean;
  gates: GateResult[];
  /** Rows of the new segment. */
  rows: number | null;
  /** Writers waited so long, and of that the exchange of what searches see took so long. */
  pausedMs: number | null;
  swapMs: number | null;
}

const FORMAT: SealedFormat = { name: 'vamana-job', version: 1, advice: 'delete it: it is history only' };
const JOBS_KEPT = 100;

export function hasEnded({ state }: Job): boolean {
  return state === 'DONE' || state === 'FAILED' || state === 'CANCELLED';
}

/** The jobs of a collection, newest last. */
export class JobLog {
  private constructor(
    private readonly storage: Storage,
    private readonly paths: CollectionPaths,
    readonly jobs: Job[],
  ) {}

  /** What cannot be read is left out. */
  static async open(storage: Storage, paths: CollectionPaths): Promise<JobLog> {
    const ids = (await storage.list(paths.jobsDir).catch(() => [])).map(parseJobName).filter((id) => id !== null);
    const jobs: Job[] = [];
    for (const id of ids.sort((a, b) => a - b)) {
      const path = paths.job(id);
      const job = await withFile(storage, path, 'read', async (file) =>
        unseal(await file.read(0, await file.size()), path, FORMAT),
      )
        .then((document) => document as Job)
        .catch(() => null);
      if (job === null) continue;
      jobs.push(hasEnded(job) ? job : { ...job, state: 'FAILED', error: 'the process ended before the job did' });
    }
    return new JobLog(storage, paths, jobs);
  }

  get nextId(): number {
    return (this.jobs.at(-1)?.id ?? 0) + 1;
  }

  /** Keeps it as it is now. IO, DISK_FULL. */
  async save(job: Job): Promise<void> {
    if (!this.jobs.includes(job)) this.jobs.push(job);
    await this.storage.mkdir(this.paths.jobsDir);
    await replaceFile(this.storage, this.paths.job(job.id), [seal(job, FORMAT)]);
    while (this.jobs.length > JOBS_KEPT) {
      const [oldest] = this.jobs.splice(0, 1);
      if (oldest !== undefined)
        await this.storage.unlink(join(this.paths.jobsDir, `${oldest.id}.job`)).catch(() => undefined);
    }
  }
}
