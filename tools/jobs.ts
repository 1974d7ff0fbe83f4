// `vamana jobs`: the merges and rebuilds of a collection, newest last.
import type { Command } from 'commander';
import type { JobStatus } from '../src/index.js';
import { jobJson, secondsOf } from './job-run.js';
import { formatSeconds, printJson, printLine, printTable } from './output.js';
import { addPlaceOptions, ownPath, type PlaceOptions, withPlace } from './place-options.js';
import { action } from './run.js';

export function register(program: Command): void {
  addPlaceOptions(program.command('jobs'))
    .description('the merges and rebuilds of a collection, and what came of them')
    .action(
      action<PlaceOptions>(async (options, { json, signal }) => {
        const jobs = await withPlace(options, signal, {
          local: async (collection) => collection.jobs(),
          remote: async ({ server, name }) => (await server.call('GET', ownPath(name, 'jobs'))) as JobStatus[],
        });
        if (json) printJson({ collection: options.collection, jobs: jobs.map(jobJson) });
        else if (jobs.length === 0) printLine('no jobs');
        else print(jobs);
      }),
    );
}

function print(jobs: readonly JobStatus[]): void {
  printTable(jobs, [
    { title: 'job', cell: ({ id }) => id },
    { title: 'kind', cell: ({ kind }) => kind },
    { title: 'state', cell: ({ state }) => state },
    { title: 'segments', cell: ({ segments, into }) => `${segments.join(', ')} -> ${into ?? 'none'}` },
    { title: 'rows', cell: ({ rows }) => rows ?? '' },
    { title: 'started', cell: ({ startedAt }) => startedAt },
    { title: 'time', cell: (job) => formatSeconds(secondsOf(job)), align: 'right' },
    { title: 'why', cell: ({ reason, error }) => error ?? reason },
  ]);
}
