// The service's life: opens the database, builds what requests share, listens, and ends in order. What happens to a
// request is request-runner.ts; routes are tables elsewhere; process, signals and files are tools/serve.ts.
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { type Database, open } from '../database/database.js';
import { Admission } from './admission.js';
import { createApp } from './app.js';
import { LoopDelay } from './loop-delay.js';
import { ServiceMetrics } from './metrics.js';
import { OpenCollections } from './open-collections.js';
import { BodyReader } from './read-body.js';
import { RequestRunner } from './request-runner.js';
import type { ServiceParts } from './route.js';
import { ROUTES } from './routes.js';
import type { ServiceConfig } from './service-config.js';
import { WireError } from './wire-error.js';
import { WireRegistry } from './wire-registry.js';

export interface Service {
  /** Where it listens. */
  url: string;
  /** Lets requests in flight end, for as long as the configuration says, then closes everything. Idempotent. */
  close(): Promise<void>;
}

/** LOCKED, IO, CORRUPT; EADDRINUSE and its like as they are. */
export async function startService(config: ServiceConfig, logger: Logger): Promise<Service> {
  const { service, storage } = config;
  const sync = /^\d+$/.test(storage.sync) ? { intervalMs: Number(storage.sync) } : storage.sync;
  const database = await open(storage.data_dir, {
    sync: sync as 'always' | 'none',
    io: storage.io as 'auto',
    cacheBytes: storage.cache_bytes,
    ...(storage.threads === 0 ? {} : { threads: storage.threads }),
    url: `http://${service.host}:${service.port}`,
    onRecovery: (collection, progress) => logger.debug({ collection, ...progress }, 'recovery'),
  });
  try {
    const registry = await WireRegistry.open(database.dir);
    const frame = new Frame(config, database, registry, logger);
    const url = await frame.listen();
    return { url, close: () => frame.close() };
  } catch (error) {
    await database.close();
    throw error;
  }
}

class Frame {
  private readonly app: FastifyInstance;
  private readonly parts: ServiceParts;
  private stopping: Promise<void> | null = null;

  constructor(
    private readonly config: ServiceConfig,
    private readonly database: Database,
    registry: WireRegistry,
    logger: Logger,
  ) {
    this.parts = createParts(config, database, registry, () =>
      this.stopping === null ? null : new WireError(503, 'the service is stopping'),
    );
    this.app = createApp(config, logger, ROUTES, new RequestRunner(this.parts, logger));
  }

  listen(): Promise<string> {
    const { host, port } = this.config.service;
    return this.app.listen({ host, port });
  }

  close(): Promise<void> {
    this.stopping ??= this.finish();
    return this.stopping;
  }

  private async finish(): Promise<void> {
    const deadline = setTimeout(
      () => this.app.server.closeAllConnections(),
      this.config.service.shutdown_seconds * 1000,
    );
    try {
      await this.app.close();
    } finally {
      clearTimeout(deadline);
      this.parts.loop.close();
      await this.parts.metrics.close();
      await this.database.close();
    }
  }
}

function createParts(
  config: ServiceConfig,
  database: Database,
  registry: WireRegistry,
  readiness: ServiceParts['readiness'],
): ServiceParts {
  const { limits, storage } = config;
  const metrics = new ServiceMetrics();
  const onShed = metrics.shed.bind(metrics);
  return {
    config,
    routes: ROUTES,
    database,
    open: new OpenCollections(database, storage.open_collections),
    registry,
    metrics,
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
    readiness,
  };
}
