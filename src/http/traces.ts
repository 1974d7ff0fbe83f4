// Traces by OpenTelemetry, sent by OTLP over HTTP where `traces.endpoint` says so: a span a request, below it one a stage
// (parse, filter, walk, read, rank, serialise). A caller that is traced itself says so in `traceparent`: then its trace
// goes on, and its decision whether to record holds. Without an endpoint none of this is made, and a request costs one
// look at a null. Called by request-runner.ts and read-routes.ts.
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { SearchCosts } from './metrics.js';
import type { ServiceConfig } from './service-config.js';

/** What is told of a request before it is answered. */
export interface TracedRequest {
  method: string;
  /** A path of the route table. */
  endpoint: string;
  collection: string | undefined;
  traceparent: string | undefined;
}

/** For a batch of spans, tries again included: as long as the service may take to end for want of a collector. */
const SEND_MS = 2000;

export class Traces {
  private readonly provider: TracerProvider;
  private readonly tracer: Tracer;

  private constructor(url: string, percent: number) {
    this.provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'vamana-ssd' }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(percent / 100) }),
      spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url, timeoutMillis: SEND_MS }) })],
    });
    this.tracer = this.provider.getTracer('vamana-ssd');
  }

  /** Null where no exporter is configured. */
  static of({ endpoint, percent }: ServiceConfig['traces']): Traces | null {
    return endpoint === null ? null : new Traces(endpoint, percent);
  }

  begin({ method, endpoint, collection, traceparent }: TracedRequest): RequestTrace {
    const attributes = {
      'http.request.method': method,
      'http.route': endpoint,
      ...(collection === undefined ? {} : { 'vamana.collection': collection }),
    };
    const options = { kind: SpanKind.SERVER, attributes };
    return new RequestTrace(
      this.tracer,
      this.tracer.startSpan(`${method} ${endpoint}`, options, parentOf(traceparent)),
    );
  }

  /** Sends what is left. Never fails: nobody hears of it any more. */
  async close(): Promise<void> {
    await this.provider.shutdown().catch(() => undefined);
  }
}

export class RequestTrace {
  private readonly context: Context;

  constructor(
    private readonly tracer: Tracer,
    private readonly span: Span,
  ) {
    this.context = trace.setSpan(ROOT_CONTEXT, span);
  }

  /** From a time of performance.now() to another, by default to now. */
  stage(name: string, startMs: number, endMs = performance.now(), attributes: Record<string, number> = {}): void {
    this.tracer.startSpan(name, { startTime: startMs, attributes }, this.context).end(endMs);
  }

  /** A filter that has just become a set of rows. */
  filtered(ms: number): void {
    const now = performance.now();
    this.stage('filter', now - ms, now);
  }

  /** A call of the engine that has just ended: its phases one after the other, as those of its longest query were. */
  searched(costs: SearchCosts): void {
    const { walkUs, readUs, rankUs, totalUs, reads, hops } = costs;
    let longest = 0;
    for (let at = 1; at < totalUs.length; at += 1) {
      if ((totalUs[at] as number) > (totalUs[longest] as number)) longest = at;
    }
    const ends = { rank: performance.now(), read: 0, walk: 0 };
    ends.read = ends.rank - (rankUs[longest] ?? 0) / 1000;
    ends.walk = ends.read - (readUs[longest] ?? 0) / 1000;
    const queries = totalUs.length;
    this.stage('walk', ends.walk - (walkUs[longest] ?? 0) / 1000, ends.walk, { queries, hops: hops[longest] ?? 0 });
    this.stage('read', ends.walk, ends.read, { queries, reads: reads[longest] ?? 0 });
    this.stage('rank', ends.read, ends.rank, { queries });
  }

  end(status: number): void {
    this.span.setAttribute('http.response.status_code', status);
    if (status >= 500) this.span.setStatus({ code: SpanStatusCode.ERROR });
    this.span.end();
  }
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** As W3C's trace context has it; what is none begins a trace. */
function parentOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
  });
}
