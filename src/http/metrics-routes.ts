// What the service tells of itself to whoever watches over it: Prometheus text, and a document in the shape of Qdrant's.
// Only what is known is told; members of Qdrant's that have no meaning here are left out.
import { arch, availableParallelism, platform, totalmem } from 'node:os';
import { gaugesText } from './gauges.js';
import { RawAnswer } from './raw-answer.js';
import type { Route, WireRequest } from './route.js';

export const METRICS_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/metrics',
    title: 'metrics as Prometheus text',
    access: 'read',
    bare: true,
    always: true,
    note: 'names of Qdrant where they mean the same, else `vamana_...`; collections that are open only',
    handle: metrics,
  },
  {
    method: 'GET',
    path: '/telemetry',
    title: 'telemetry',
    access: 'read',
    always: true,
    note: 'what is known here, in the shape of Qdrant',
    handle: telemetry,
  },
];

async function metrics({ parts, grant }: WireRequest): Promise<RawAnswer> {
  const { config, database, open, admission, bodies, loop } = parts;
  const names = await database.listCollections();
  const gauges = await gaugesText({
    version: config.service.version,
    collections: names.length,
    open: open.collections.filter(({ name }) => grant.sees(name)),
    inFlight: admission.inFlight,
    waiting: admission.waiting,
    bodyBytes: bodies.bytes,
    loop,
  });
  const text = `${await parts.metrics.text()}${gauges}`;
  return new RawAnswer(text, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
}

async function telemetry({ parts }: WireRequest): Promise<unknown> {
  const { config, database, open } = parts;
  const names = await database.listCollections();
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  return {
    id: parts.metrics.instance,
    app: {
      name: 'vamana-ssd',
      version: config.service.version,
      startup: parts.metrics.startedAt.toISOString(),
      jwt_rbac: config.service.jwt_rbac,
      system: { platform: platform(), arch: arch(), cores: availableParallelism(), ram_bytes: totalmem() },
    },
    collections: {
      number_of_collections: names.length,
      open: open.collections.length,
      collections: open.collections.map((collection) => {
        const { points, segments, freshRows, memory, wal } = collection.status();
        return {
          id: collection.name,
          points_count: points,
          segments_count: segments.length,
          fresh_rows: freshRows,
          memory_bytes: memory,
          wal_bytes: wal.bytes,
        };
      }),
    },
    cluster: { enabled: false },
    requests: {
      in_flight: parts.admission.inFlight,
      waiting: parts.admission.waiting,
      rest: { responses: parts.metrics.answerTotals() },
      grpc: { responses: {} },
    },
    memory: {
      resident_bytes: rss,
      allocated_bytes: heapUsed + external,
      active_bytes: heapTotal + external,
    },
  };
}
