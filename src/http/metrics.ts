// What the service counts and times while it runs, kept by OpenTelemetry: answers by operation and status, and what
// searches cost. What can be looked up when somebody asks is gauges.ts. Called by service.ts for every answer and by
// search.ts for every search; written out by metrics-routes.ts.
import { randomUUID } from 'node:crypto';
import { type Counter, type Histogram, type Meter, ValueType } from '@opentelemetry/api';
import type { NativeSearchResult } from '../binding.js';
import { MetricText } from './metric-text.js';

export type SearchCosts = NonNullable<NativeSearchResult['costs']>;

/** Which answer was given; `endpoint` is a path of the route table, so there are only so many. */
export interface AnswerLabels {
  method: string;
  endpoint: string;
  status: number;
}

/** Of one operation and status, since the service began. */
export interface AnswerTotals {
  count: number;
  fail_count: number;
  avg_duration_micros: number;
  min_duration_micros: number;
  max_duration_micros: number;
  total_duration_micros: number;
}

export type ShedReason = 'requests' | 'queue' | 'rate' | 'bodies';

const ANSWER_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];
const PHASE_SECONDS = [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.5, 1];
const PHASES = [
  ['walkUs', { phase: 'walk' }],
  ['readUs', { phase: 'read' }],
  ['rankUs', { phase: 'rank' }],
] as const;
/** Sums over queries; the last word of a counter's name is OpenTelemetry's `total`. */
const SUMS = [
  ['hops', 'vamana_search_hops', 'nodes of the graph that searches opened'],
  ['codesScored', 'vamana_search_codes_scored', 'codes that searches measured'],
  ['vectorsScored', 'vamana_search_vectors_scored', 'vectors of fresh rows that searches measured'],
  ['reads', 'vamana_search_reads', 'pages that searches read from the disk'],
  ['cacheHits', 'vamana_search_cache_hits', 'pages that searches found in the cache'],
] as const;

export class ServiceMetrics {
  readonly startedAt = new Date();
  /** Tells this run from others. */
  readonly instance = randomUUID();
  private readonly kept = new MetricText();
  private readonly answers: Counter;
  private readonly answerSeconds: Histogram;
  private readonly searches: Counter;
  private readonly phaseSeconds: Histogram;
  private readonly sums: readonly (readonly [keyof SearchCosts, Counter])[];
  private readonly shedRequests: Counter;
  private readonly totals = new Map<string, Map<number, AnswerTotals>>();

  constructor() {
    const { meter } = this.kept;
    this.answers = counter(meter, 'rest_responses', 'answers, by operation and status');
    this.answerSeconds = histogram(meter, 'rest_responses_duration_seconds', 'time to answer', ANSWER_SECONDS);
    this.searches = counter(meter, 'vamana_searches', 'queries that the engine answered');
    this.phaseSeconds = histogram(meter, 'vamana_search_seconds', 'time of a query, by phase', PHASE_SECONDS);
    this.sums = SUMS.map(([column, name, meaning]) => [column, counter(meter, name, meaning)] as const);
    this.shedRequests = counter(meter, 'vamana_shed_requests', 'requests that were refused for want of room');
  }

  answered(labels: AnswerLabels, seconds: number): void {
    const attributes = { ...labels };
    this.answers.add(1, attributes);
    this.answerSeconds.record(seconds, attributes);
    this.addTotals(labels, seconds * 1e6);
  }

  /** Of one call of the engine; a column has an entry a query. */
  searched(costs: SearchCosts): void {
    this.searches.add(costs.walkUs.length);
    for (const [column, attributes] of PHASES) {
      for (const us of costs[column]) this.phaseSeconds.record(us / 1e6, attributes);
    }
    for (const [column, sum] of this.sums) sum.add(sumOf(costs[column]));
  }

  shed(reason: ShedReason): void {
    this.shedRequests.add(1, { reason });
  }

  /** By "METHOD path" and status. */
  answerTotals(): Record<string, Record<string, AnswerTotals>> {
    return Object.fromEntries(
      [...this.totals].map(([operation, statuses]) => [operation, Object.fromEntries(statuses)]),
    );
  }

  text(): Promise<string> {
    return this.kept.text();
  }

  close(): Promise<void> {
    return this.kept.close();
  }

  private addTotals({ method, endpoint, status }: AnswerLabels, micros: number): void {
    const operation = `${method} ${endpoint}`;
    const statuses = this.totals.get(operation) ?? new Map<number, AnswerTotals>();
    this.totals.set(operation, statuses);
    const before = statuses.get(status);
    const count = (before?.count ?? 0) + 1;
    const total = (before?.total_duration_micros ?? 0) + Math.round(micros);
    statuses.set(status, {
      count,
      fail_count: status >= 400 ? count : 0,
      avg_duration_micros: total / count,
      min_duration_micros: Math.min(before?.min_duration_micros ?? micros, micros),
      max_duration_micros: Math.max(before?.max_duration_micros ?? micros, micros),
      total_duration_micros: total,
    });
  }
}

function sumOf(column: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < column.length; at += 1) sum += column[at] as number;
  return sum;
}

function counter(meter: Meter, name: string, description: string): Counter {
  return meter.createCounter(name, { description, valueType: ValueType.INT });
}

function histogram(meter: Meter, name: string, description: string, explicitBucketBoundaries: number[]): Histogram {
  return meter.createHistogram(name, { description, advice: { explicitBucketBoundaries } });
}
