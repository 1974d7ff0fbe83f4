// What every request passes on its way to its route and back. Before its body is read: identity, rights, rate. Then a
// place to work at, and the route, on a clock that also stops when the client goes away. Then the envelope, or the
// error's; and what is told of it: metrics, the log of slow requests, the audit log. Called by service.ts.
import { availableParallelism } from 'node:os';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Authenticator, Grant } from './auth.js';
import { BusyPoll } from './busy-poll.js';
import { Fields } from './fields.js';
import { Accepted, JsonText, RawAnswer } from './raw-answer.js';
import type { BodyShare } from './read-body.js';
import { LARGE_BODY_BYTES, LARGE_JSON_BYTES, type Route, type ServiceParts, wirePath } from './route.js';
import type { RequestTrace } from './traces.js';
import { parseVectorJson } from './vector-json.js';
import { asWireError, WireError } from './wire-error.js';
import { bytesText, parseJson, writeJson } from './wire-json.js';

/** What is known of a request besides what fastify has. */
interface Context {
  route: Route;
  grant: Grant;
  share?: BodyShare;
  trace?: RequestTrace;
}

/** Why work is stopped; made once, for an error that is made each time costs more than the rest of it. */
const OVER = new Error('the time was up, or the client gone');

/** What no route is for, under one name: paths are the client's to make up. */
const UNMATCHED = { method: 'any', endpoint: 'unmatched' };

export class RequestRunner {
  private readonly authenticator: Authenticator;
  private readonly poll: BusyPoll;
  private readonly contexts = new WeakMap<FastifyRequest, Context>();

  constructor(
    private readonly parts: ServiceParts,
    private readonly logger: Logger,
  ) {
    const { service } = parts.config;
    this.authenticator = new Authenticator(service);
    // On a single processor it would keep from the engine what the engine is waited for with.
    const pollMs = availableParallelism() === 1 ? 0 : service.poll_us / 1000;
    this.poll = new BusyPoll(pollMs, () => parts.admission.inFlight);
  }

  /** Before the body is read. 401, 403, 429. */
  admit(route: Route, request: FastifyRequest): void {
    const context: Context = { route, grant: this.grantOf(route, request) };
    this.contexts.set(request, context);
    const { traces } = this.parts;
    if (traces === null || route.bare === true) return;
    const { method, endpoint } = labelsOf(request, route);
    const { collection } = request.params as Record<string, string>;
    const { traceparent } = request.headers;
    context.trace = traces.begin({
      method,
      endpoint,
      collection,
      traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    });
  }

  /** What fastify shall take for the body. 408, 413, 503. */
  async readBody(request: FastifyRequest, stream: FastifyRequest['raw']): Promise<unknown> {
    const context = this.contexts.get(request);
    if (context?.route.takes === 'stream') return stream;
    const length = request.headers['content-length'];
    const { bytes, share } = await this.parts.bodies.read(stream, length === undefined ? undefined : Number(length));
    if (context === undefined) share.release();
    else context.share = share;
    return bytes;
  }

  async run(route: Route, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { config } = this.parts;
    const { grant, trace } = this.contexts.get(request) as Context;
    const clock = new AbortController();
    const stop = (): void => clock.abort(OVER);
    const gone = (): void => {
      if (!reply.raw.writableFinished) stop();
    };
    let timer: NodeJS.Timeout | undefined;
    let leave: (() => void) | undefined;
    try {
      const query = Fields.of({ ...(request.query as object) });
      const seconds = timeoutOf(query, config.limits.timeout_seconds);
      if (route.long === undefined) timer = setTimeout(stop, seconds * 1000);
      reply.raw.once('close', gone);
      if (takesPlace(route)) leave = await this.enter(route, clock.signal);
      const beside = {};
      const answer = await route.handle({
        parts: this.parts,
        grant,
        params: request.params as Record<string, string>,
        query,
        body: await this.bodyFor(route, request.body, trace),
        beside,
        trace,
        contentType: request.headers['content-type'] ?? '',
        signal: clock.signal,
      });
      return this.send(route, answer, beside, reply, trace);
    } catch (error) {
      return this.refuse(error, reply);
    } finally {
      clearTimeout(timer);
      leave?.();
    }
  }

  // Gives the function that leaves the place.
  private async enter({ access }: Route, signal: AbortSignal): Promise<() => void> {
    const { admission } = this.parts;
    if (access !== 'read') return admission.enter('write', signal);
    const leave = await admission.enter('read', signal);
    this.poll.began();
    return () => {
      leave();
      this.poll.ended();
    };
  }

  refuse(thrown: unknown, reply: FastifyReply): FastifyReply {
    const error = asWireError(thrown);
    if (error.status >= 500 && !(thrown instanceof WireError)) {
      this.logger.error({ req: reply.request.id, err: thrown }, 'request failed');
    }
    if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds);
    // What is left of the body is not waited for.
    if (error.status === 408 || error.status === 413) reply.header('connection', 'close');
    this.endConnection(reply);
    return reply.code(error.status).send({ status: { error: error.message }, time: secondsOf(reply) });
  }

  /** When the answer has gone out, or the client has gone. */
  done(request: FastifyRequest, reply: FastifyReply): void {
    const context = this.contexts.get(request);
    context?.share?.release();
    context?.trace?.end(reply.statusCode);
    const seconds = secondsOf(reply);
    const { method, endpoint } = labelsOf(request, context?.route);
    this.parts.metrics.answered({ method, endpoint, status: reply.statusCode }, seconds);
    if (context === undefined) return;
    const { title, access } = context.route;
    const holder = context.grant.holder;
    const fields = { req: request.id, operation: title, url: request.url, status: reply.statusCode };
    if (access === 'manage' && this.parts.config.log.audit) {
      this.logger.info({ audit: true, holder, ...fields }, 'audit');
    }
    const ms = Math.round(seconds * 1e6) / 1000;
    if (ms >= this.parts.config.log.slow_ms) this.logger.warn({ ...fields, ms, slow: true }, 'slow request');
    else this.logger.debug({ ...fields, ms }, 'request');
  }

  // Whoever watches over the process has no key. Lists are open to each key, and show what it may see.
  private grantOf(route: Route, request: FastifyRequest): Grant {
    if (route.access === 'open' && route.bare === true) return new Grant('r', request.ip);
    const grant = this.authenticator.grant(request.headers, request.ip);
    this.parts.admission.spend(grant.holder, performance.now());
    const name = (request.params as Record<string, string>).collection;
    try {
      grant.require(route.access, name === undefined ? undefined : this.parts.registry.resolve(name));
    } catch (error) {
      // So that what was tried is audited too.
      this.contexts.set(request, { route, grant });
      throw error;
    }
    return grant;
  }

  // One that is kept would keep the service from ending.
  private endConnection(reply: FastifyReply): void {
    if (this.parts.state.stopping) reply.header('connection', 'close');
  }

  // What is large is read on a thread of its own: here it would keep everybody else waiting.
  private async bodyFor({ takes }: Route, body: unknown, trace: RequestTrace | undefined): Promise<unknown> {
    if (takes === 'stream' || takes === 'bytes') return body;
    if (!(body instanceof Uint8Array) || body.length === 0) return undefined;
    if (takes === 'bulk' && body.length >= LARGE_BODY_BYTES) return body;
    const isLarge = body.length >= LARGE_JSON_BYTES;
    const startMs = trace === undefined ? 0 : performance.now();
    const { bulk, config } = this.parts;
    const value = isLarge ? await bulk.parse(body, config.limits.json_values) : parseSmall(body, takes);
    trace?.stage('parse', startMs);
    return value;
  }

  private send(
    route: Route,
    answer: unknown,
    beside: object,
    reply: FastifyReply,
    trace: RequestTrace | undefined,
  ): FastifyReply {
    this.endConnection(reply);
    if (answer instanceof RawAnswer) return reply.headers({ ...answer.headers }).send(answer.body);
    if (answer instanceof Accepted) return reply.code(202).send({ status: 'accepted', time: secondsOf(reply) });
    if (route.bare === true) {
      return typeof answer === 'string' ? reply.type('text/plain').send(answer) : reply.send(answer);
    }
    const startMs = trace === undefined ? 0 : performance.now();
    const result = answer instanceof JsonText ? answer.text : writeJson(answer ?? null);
    const rest = writeJson({ status: 'ok', time: secondsOf(reply), ...beside });
    trace?.stage('serialise', startMs);
    return reply.type(JSON_TYPE).send(`{"result":${result},${rest.slice(1)}`);
  }
}

// What is written is checked from the doubles that were sent, whatever the elements of the collection are.
function parseSmall(body: Uint8Array, takes: Route['takes']): unknown {
  return takes === 'bulk' ? parseJson(bytesText(body)) : parseVectorJson(body).value;
}

/** As fastify has it for what it serialises itself. */
const JSON_TYPE = 'application/json; charset=utf-8';

// What is quick and always answered waits for nobody; what takes long is held to bounds of its own.
function takesPlace({ access, long, always }: Route): boolean {
  return access !== 'open' && long === undefined && always === undefined;
}

const LABELS = new WeakMap<Route, { method: string; endpoint: string }>();

function labelsOf(request: FastifyRequest, route: Route | undefined): { method: string; endpoint: string } {
  if (route !== undefined) {
    const labels = LABELS.get(route) ?? { method: route.method, endpoint: wirePath(route) };
    LABELS.set(route, labels);
    return labels;
  }
  const path = request.routeOptions.url;
  return path === undefined ? UNMATCHED : { method: request.method, endpoint: wirePath({ path }) };
}

function secondsOf(reply: FastifyReply): number {
  return reply.elapsedTime / 1000;
}

/** Of the request, in seconds, up to what is allowed at most. */
function timeoutOf(query: Fields, most: number): number {
  const given = Number(query.raw('timeout') ?? most);
  if (Number.isInteger(given) && given >= 1) return Math.min(given, most);
  throw query.wrong('timeout', 'a whole number of seconds, 1 or more');
}
