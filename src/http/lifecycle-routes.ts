// Merges and rebuilds over the wire, under /vamana: none of it is Qdrant's.
import type { Collection } from '../collection/collection.js';
import type { RebuildOptions } from '../collection/lifecycle.js';
import type { Job } from '../rebuild/job.js';
import { Fields } from './fields.js';
import { collectionName, type Route, useCollection, type WireRequest } from './route.js';
import { notFound } from './wire-error.js';
import { spaceNamed } from './wire-spaces.js';

const COLLECTION = '/vamana/collections/:collection';

export const LIFECYCLE_ROUTES: readonly Route[] = [
  route('POST', 'compact', 'merge the segments, of all vectors or those of `space` (ours)', (request) =>
    begin(request, (it, job) => it.compact(job)),
  ),
  route('POST', 'rebuild', 'build graph and codes anew, of all vectors or those of `space` (ours)', (request) => {
    const parameters = readParameters(Fields.of(request.body ?? {}));
    return begin(request, (it, job) => it.rebuild({ ...job, ...parameters }));
  }),
  route('POST', 'rollback', 'take a merge or a rebuild back (ours)', (request) => {
    const segment = Fields.of(request.body ?? {}).integer('segment', { least: 1 });
    return useCollection(request, (collection) => collection.rollback(segment));
  }),
  { ...route('GET', 'health', 'recall, dead rows, segments, measured now (ours)', health), access: 'read' },
  { ...route('GET', 'jobs', 'merges and rebuilds (ours)', jobs), access: 'read' },
  route('POST', 'jobs/:job/cancel', 'cancel a merge or a rebuild (ours)', (request) =>
    control(request, (it, job) => it.cancelJob(job)),
  ),
  route('POST', 'jobs/:job/pause', 'have a merge or a rebuild stand still (ours)', (request) =>
    control(request, (it, job) => it.pauseJob(job, true)),
  ),
  route('POST', 'jobs/:job/resume', 'let it go on (ours)', (request) =>
    control(request, (it, job) => it.pauseJob(job, false)),
  ),
];

function route(method: 'GET' | 'POST', end: string, title: string, handle: Route['handle']): Route {
  return { method, path: `${COLLECTION}/${end}`, title, access: 'manage', long: true, handle };
}

/** With `wait=true` the answer is the job once it has ended, else as it was begun; null where there is nothing to do. */
function begin(
  request: WireRequest,
  work: (collection: Collection, options: RebuildOptions) => Promise<Job | null>,
): Promise<unknown> {
  const body = Fields.of(request.body ?? {});
  const force = body.boolean('force') ?? false;
  const wait = request.query.oneOf('wait', ['true', 'false']) === 'true';
  return useCollection(request, (collection) => {
    const before = collection.jobs().length;
    const job = work(collection, { force, ...spaceOption(body.string('space'), request, collection) });
    if (wait || collection.jobs().length === before) return job;
    // It keeps the collection open, and what goes wrong is in the list of jobs.
    request.parts.open.use(collectionName(request), () => job).catch(() => undefined);
    return collection.jobs().at(-1);
  });
}

function readParameters(body: Fields): RebuildOptions {
  const degree = body.integer('degree', { least: 1 });
  const buildList = body.integer('build_list', { least: 1 });
  const alpha = body.number('alpha');
  const code = body.oneOf('code', ['pq', 'rabitq', 'auto']);
  const codeBytes = body.integer('code_bytes', { least: 1 });
  const given = Object.entries({ degree, buildList, alpha, code, codeBytes }).filter(
    ([, value]) => value !== undefined,
  );
  return Object.fromEntries(given);
}

function health(request: WireRequest): Promise<unknown> {
  const name = request.query.string('space');
  return useCollection(request, (collection) => collection.health(spaceOption(name, request, collection).space));
}

/** Of one named vector; the library's choice where none is named. */
function spaceOption(name: string | undefined, request: WireRequest, collection: Collection): { space?: string } {
  if (name === undefined) return {};
  const wire = request.parts.registry.collection(collectionName(request));
  return { space: spaceNamed(name, { collection, wire }, 'space').name };
}

function jobs(request: WireRequest): Promise<unknown> {
  return useCollection(request, (collection) => collection.jobs());
}

function control(request: WireRequest, change: (collection: Collection, job: number) => boolean): Promise<unknown> {
  const id = Number(request.params.job);
  return useCollection(request, (collection) => {
    if (change(collection, id)) return true;
    throw notFound(`Job ${request.params.job} is not running`);
  });
}
