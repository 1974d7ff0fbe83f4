// The service's life: opens the database, builds what requests share, listens, and ends in order. What happens to a
// request is request-runner.ts; routes are tables elsewhere; process, signals and files are tools/serve.ts.
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { open } from '../database/database.js';
import { Admission } from './admission.js';
import { createApp } from './app.js';
import { BulkPool } from './bulk-pool.js';
import { LoopDelay } from './loop-delay.js';
import { maintenanceOptions } from './maintenance-options.js';
import { ServiceMetrics } from './metrics.js';
import { OpenCollections } from './open-collections.js';
import { BodyReader } from './read-body.js';
import { RequestRunner } from './request-runner.js';
import type { ServiceParts } from './route.js';
import { ROUTES } from './routes.js';
import type { ServiceConfig } from './service-config.js';
import { SnapshotStore } from './snapshot-store.js';
import { Traces } from './traces.js';
import { WireRegistry } from './wire-registry.js';

export interface Service {
  /** Where it listens. */
  url: string;
  /** Lets requests in flight end, for as long as the configuration says, then closes everything. Idempotent. */
  close(): Promise<void>;
}

/** LOCKED, IO, CORRUPT; EADDRINUSE and its like as they are. */
export async function startService(config: ServiceConfig, logger: Logger): Promise<Service> {
  const { service, storage, limits, maintenance } = config;
  const sync = /^\d+$/.test(storage.sync) ? { intervalMs: Number(storage.sync) } : storage.sync;
  const database = await open(storage.data_dir, {
    sync: sync as 'always' | 'none',
    io: storage.io as 'auto',
    cacheBytes: storage.cache_bytes,
    ...(storage.threads === 0 ? {} : { threads: storage.threads }),
    ...(limits.filter_scan_points === 0 ? {} : { filterScanRows: limits.filter_scan_points }),
    maintenance: maintenanceOptions(maintenance, logger),
    url: `http://${service.host}:${service.port}`,
    onRecovery: (collection, progress) => logger.debug({ collection, ...progress }, 'recovery'),
  });
  try {
    const registry = await WireRegistry.open(database.dir);
    const snapshots = new SnapshotStore(storage.snapshots_dir ?? join(database.dir, 'snapshots'));
    await snapshots.settle();
    const parts = createParts({ config, database, registry, snapshots, logger });
    const frame = new Frame(parts);
    const url = await frame.listen();
    return { url, close: () => frame.close() };
  } catch (error) {
    await database.close();
    throw error;
  }
}

class Frame {
  private readonly app: FastifyInstance;
  private stopping: Promise<void> | null = null;

  constructor(private readonly parts: ServiceParts) {
    const { config, logger, routes } = parts;
    this.app = createApp(config, logger, routes, new RequestRunner(parts, logger));
  }

  listen(): Promise<string> {
    const { host, port } = this.parts.config.service;
    return this.app.listen({ host, port });
  }

  close(): Promise<void> {
    this.parts.state.stopping = true;
    this.stopping ??= this.finish();
    return this.stopping;
  }

  private async finish(): Promise<void> {
    const { config, loop, metrics, traces, bulk, database } = this.parts;
    const deadline = setTimeout(() => this.app.server.closeAllConnections(), config.service.shutdown_seconds * 1000);
    try {
      await this.app.close();
    } finally {
      clearTimeout(deadline);
      loop.close();
      await bulk.close();
      await metrics.close();
      await database.close();
      await traces?.close();
    }
  }
}

function createParts(
  given: Pick<ServiceParts, 'config' | 'database' | 'registry' | 'snapshots' | 'logger'>,
): ServiceParts {
  const { config, database } = given;
  const { limits, storage } = config;
  const metrics = new ServiceMetrics();
  const onShed = metrics.shed.bind(metrics);
  return {
    ...given,
    routes: ROUTES,
    state: { stopping: false },
    open: new OpenCollections(database, {
      collections: storage.open_collections,
      memoryBytes: storage.memory_bytes,
    }),
    metrics,
    traces: Traces.of(config.traces),
    admission: new Admission(
      {
        requests: limits.requests,
        concurrency: limits.concurrency,
        queueMs: limits.queue_ms,
        requestsPerSecond: limits.requests_per_second,
      },
      onShed,
    ),
    bodies: new BodyReader(
      { bytes: limits.body_bytes, totalBytes: limits.bodies_bytes, seconds: limits.body_seconds },
      onShed,
    ),
    loop: new LoopDelay(),
    bulk: new BulkPool(),
  };
}
