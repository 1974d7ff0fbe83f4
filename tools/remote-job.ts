// What `vamana compact` and `vamana rebuild` do at a service: begin the job there, look how far it is until it has ended,
// and take it back when they are interrupted.
import { setTimeout } from 'node:timers/promises';
import { VamanaError } from '../src/errors.js';
import type { Job, JobStatus } from '../src/index.js';
import { printJob } from './job-run.js';
import { ownPath, type RemotePlace } from './place-options.js';
import { createStagedProgress } from './progress.js';

const LOOK_MS = 250;

/** ABORTED, GATE_REFUSED; IO for a job that failed otherwise. */
export async function runRemoteJob(
  { server, name }: RemotePlace,
  kind: 'compact' | 'rebuild',
  body: Record<string, unknown>,
  { json, signal }: { json: boolean; signal: AbortSignal },
): Promise<void> {
  const begun = (await server.call('POST', ownPath(name, kind), body)) as Job | null;
  const job = begun === null ? null : await ended({ server, name }, begun.id, signal);
  if (job !== null && job.state !== 'DONE') throw failureOf(job);
  printJob(name, job, json);
}

async function ended({ server, name }: RemotePlace, id: number, signal: AbortSignal): Promise<Job> {
  const progress = createStagedProgress('rows');
  try {
    for (;;) {
      const jobs = (await server.call('GET', ownPath(name, 'jobs'))) as JobStatus[];
      const job = jobs.find((one) => one.id === id);
      if (job === undefined) throw new VamanaError('NOT_FOUND', `${server.url}: job ${id} is not known any more`);
      if (job.endedAt !== null) return job;
      if (job.progress !== null) progress.update(job.progress);
      await setTimeout(LOOK_MS, undefined, { signal });
    }
  } catch (error) {
    // By a server without the signal, which is raised already.
    if (signal.aborted)
      await server
        .unbound()
        .call('POST', ownPath(name, `jobs/${id}/cancel`))
        .catch(() => null);
    throw error;
  } finally {
    progress.end();
  }
}

function failureOf({ id, state, error, gates }: Job): VamanaError {
  const refused = gates.some(({ passed }) => !passed);
  const code = state === 'CANCELLED' ? 'ABORTED' : refused ? 'GATE_REFUSED' : 'IO';
  return new VamanaError(code, `job ${id}: ${state}: ${error ?? 'no reason was given'}`);
}
