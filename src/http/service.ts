// The service on fastify: what every request passes on its way to its route and back. At the door: identity, rate,
// room. Then the route, on a clock that also stops when the client goes away. Then the envelope, or the error's.
// Routes are tables elsewhere; process, signals and files are tools/serve.ts.
import { readFileSync } from 'node:fs';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { type Database, open } from '../database/database.js';
import { Admission } from './admission.js';
import { Authenticator, Grant } from './auth.js';
import { Fields } from './fields.js';
import { OpenCollections } from './open-collections.js';
import { readBody } from './read-body.js';
import type { Route, ServiceParts } from './route.js';
import { ROUTES } from './routes.js';
import type { ServiceConfig } from './service-config.js';
import { asWireError, notFound, WireError } from './wire-error.js';
import { parseJson, writeJson } from './wire-json.js';
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
  private readonly authenticator: Authenticator;
  private readonly admission: Admission;
  private readonly parts: ServiceParts;
  private stopping: Promise<void> | null = null;

  constructor(
    private readonly config: ServiceConfig,
    private readonly database: Database,
    registry: WireRegistry,
    private readonly logger: Logger,
  ) {
    const { service, limits, storage } = config;
    this.authenticator = new Authenticator(service);
    this.admission = new Admission({ requests: limits.requests, requestsPerSecond: limits.requests_per_second });
    this.parts = {
      config,
      database,
      open: new OpenCollections(database, storage.open_collections),
      registry,
      readiness: () => (this.stopping === null ? null : new WireError(503, 'the service is stopping')),
      inFlight: () => this.admission.inFlight,
    };
    this.app = createApp(config, logger);
    this.app.setErrorHandler((error, _request, reply) => this.refuse(error, reply));
    this.app.setNotFoundHandler((request, reply) => this.refuse(notFound(`${request.method} ${request.url}`), reply));
    for (const route of ROUTES) {
      const handler = (request: FastifyRequest, reply: FastifyReply): Promise<unknown> =>
        this.run(route, request, reply);
      this.app.route({ method: route.method, url: route.path, handler });
    }
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
      await this.database.close();
    }
  }

  private async run(route: Route, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const startMs = performance.now();
    const clock = new AbortController();
    const stop = (): void => clock.abort();
    let timer: NodeJS.Timeout | undefined;
    let entered = false;
    try {
      const grant = this.admit(route, request);
      if (route.access !== 'open') this.admission.enter();
      entered = route.access !== 'open';
      const query = Fields.of({ ...(request.query as object) });
      timer = setTimeout(stop, timeoutOf(query, this.config.limits.timeout_seconds) * 1000);
      reply.raw.once('close', stop);
      const params = request.params as Record<string, string>;
      const result = await route.handle({
        parts: this.parts,
        grant,
        params,
        query,
        body: request.body,
        signal: clock.signal,
      });
      if (route.access === 'manage' && this.config.log.audit) this.audit(route, request, grant.holder);
      if (route.bare === true)
        return typeof result === 'string' ? reply.type('text/plain').send(result) : reply.send(result);
      return reply.send({ result: result ?? null, status: 'ok', time: (performance.now() - startMs) / 1000 });
    } catch (error) {
      return this.refuse(error, reply, startMs);
    } finally {
      clearTimeout(timer);
      if (entered) this.admission.leave();
      this.logSlow(route, request, performance.now() - startMs);
    }
  }

  // Whoever watches over the process has no key. Lists are open to each key, and show what it may see.
  private admit(route: Route, request: FastifyRequest): Grant {
    if (route.access === 'open' && route.bare === true) return new Grant('r', request.ip);
    const grant = this.authenticator.grant(request.headers, request.ip);
    this.admission.spend(grant.holder, performance.now());
    const name = (request.params as Record<string, string>).collection;
    grant.require(route.access, name === undefined ? undefined : this.parts.registry.resolve(name));
    return grant;
  }

  private refuse(thrown: unknown, reply: FastifyReply, startMs = performance.now()): FastifyReply {
    const error = asWireError(thrown);
    if (error.status >= 500) this.logger.error({ req: reply.request.id, err: thrown }, 'request failed');
    if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds);
    if (error.status === 413) reply.header('connection', 'close');
    const time = (performance.now() - startMs) / 1000;
    return reply.code(error.status).send({ status: { error: error.message }, time });
  }

  private audit(route: Route, request: FastifyRequest, holder: string): void {
    this.logger.info({ audit: true, req: request.id, holder, operation: route.title, url: request.url }, 'audit');
  }

  private logSlow({ title }: Route, request: FastifyRequest, ms: number): void {
    const fields = { req: request.id, operation: title, url: request.url, ms: Math.round(ms * 1000) / 1000 };
    if (ms >= this.config.log.slow_ms) this.logger.warn({ ...fields, slow: true }, 'slow request');
    else this.logger.debug(fields, 'request');
  }
}

function createApp({ service, limits }: ServiceConfig, logger: Logger): FastifyInstance {
  const https =
    service.tls_cert === null || service.tls_key === null
      ? null
      : { cert: readFileSync(service.tls_cert), key: readFileSync(service.tls_key) };
  const app: FastifyInstance = fastify({
    https,
    loggerInstance: logger as FastifyBaseLogger,
    disableRequestLogging: true,
    routerOptions: { maxParamLength: 2048 },
    requestTimeout: limits.timeout_seconds * 1000,
    forceCloseConnections: 'idle',
  } as object);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (_request: FastifyRequest, stream: FastifyRequest['raw']) => {
    const bytes = await readBody(stream, limits.body_bytes);
    return bytes.length === 0 ? undefined : parseJson(bytes.toString('utf8'));
  });
  app.setReplySerializer(writeJson);
  if (service.enable_cors) allowOrigins(app);
  return app;
}

function allowOrigins(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('access-control-allow-origin', '*');
    if (request.method !== 'OPTIONS') return;
    reply.header('access-control-allow-methods', 'GET, PUT, POST, PATCH, DELETE');
    reply.header('access-control-allow-headers', 'api-key, authorization, content-type');
    return reply.code(204).send();
  });
}

/** Of the request, in seconds, up to what is allowed at most. */
function timeoutOf(query: Fields, most: number): number {
  const given = Number(query.raw('timeout') ?? most);
  if (Number.isInteger(given) && given >= 1) return Math.min(given, most);
  throw query.wrong('timeout', 'a whole number of seconds, 1 or more');
}
