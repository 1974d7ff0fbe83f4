// What the service counts and times while it runs, kept by OpenTelemetry: answers by operation and status, and what
// searches cost. What can be looked up when somebody asks is gauges.ts. Called by service.ts for every answer and by
// search.ts for every search; written out by metrics-routes.ts.
import { randomUUID } from 'node:crypto';
import { type Counter, type Meter, type ObservableCounter, ValueType } from '@opentelemetry/api';
import type { NativeSearchResult } from '../binding.js';
import type { Buckets } from './histogram.js';
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

interface Answers {
  labels: AnswerLabels;
  totals: AnswerTotals;
  buckets: Buckets;
}

export type ShedReason = 'requests' | 'queue' | 'rate' | 'bodies';

const ANSWER_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];
const PHASE_SECONDS = [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.5, 1];
const PHASES = [
  ['walkUs', 'walk'],
  ['readUs', 'read'],
  ['rankUs', 'rank'],
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
  private readonly answerSeconds = this.kept.histogram(
    'rest_responses_duration_seconds',
    'time to answer',
    ANSWER_SECONDS,
  );
  private readonly phases: readonly (readonly [keyof SearchCosts, Buckets])[];
  private readonly sums = SUMS.map(([column]) => ({ column, sum: 0 }));
  private searches = 0;
  private readonly shedRequests: Counter;
  private readonly answers = new Map<string, Map<number, Answers>>();

  // Counted as plain numbers, and looked up when somebody asks: it happens for every request, and for every query.
  constructor() {
    const { meter } = this.kept;
    const phaseSeconds = this.kept.histogram('vamana_search_seconds', 'time of a query, by phase', PHASE_SECONDS);
    this.phases = PHASES.map(([column, phase]) => [column, phaseSeconds.of({ phase })] as const);
    observed(meter, 'rest_responses', 'answers, by operation and status').addCallback((result) => {
      for (const { labels, totals } of this.allAnswers()) result.observe(totals.count, { ...labels });
    });
    observed(meter, 'vamana_searches', 'queries that the engine answered').addCallback((result) =>
      result.observe(this.searches),
    );
    for (const [at, [, name, meaning]] of SUMS.entries()) {
      observed(meter, name, meaning).addCallback((result) => result.observe(this.sums[at]?.sum ?? 0));
    }
    this.shedRequests = meter.createCounter('vamana_shed_requests', {
      description: 'requests that were refused for want of room',
      valueType: ValueType.INT,
    });
  }

  answered(labels: AnswerLabels, seconds: number): void {
    const { totals, buckets } = this.answersOf(labels);
    const micros = seconds * 1e6;
    buckets.add(seconds);
    totals.count += 1;
    if (labels.status >= 400) totals.fail_count += 1;
    totals.total_duration_micros += Math.round(micros);
    totals.avg_duration_micros = totals.total_duration_micros / totals.count;
    totals.min_duration_micros = Math.min(totals.min_duration_micros, micros);
    totals.max_duration_micros = Math.max(totals.max_duration_micros, micros);
  }

  /** Of one call of the engine; a column has an entry a query. */
  searched(costs: SearchCosts): void {
    this.searches += costs.walkUs.length;
    for (const [column, buckets] of this.phases) {
      const us = costs[column];
      for (let at = 0; at < us.length; at += 1) buckets.add((us[at] as number) / 1e6);
    }
    for (const entry of this.sums) entry.sum += sumOf(costs[entry.column]);
  }

  shed(reason: ShedReason): void {
    this.shedRequests.add(1, { reason });
  }

  /** By "METHOD path" and status. */
  answerTotals(): Record<string, Record<string, AnswerTotals>> {
    return Object.fromEntries(
      [...this.answers].map(([operation, statuses]) => [
        operation,
        Object.fromEntries([...statuses].map(([status, { totals }]) => [status, totals])),
      ]),
    );
  }

  text(): Promise<string> {
    return this.kept.text();
  }

  close(): Promise<void> {
    return this.kept.close();
  }

  private answersOf(labels: AnswerLabels): Answers {
    const operation = `${labels.method} ${labels.endpoint}`;
    let statuses = this.answers.get(operation);
    if (statuses === undefined) {
      statuses = new Map();
      this.answers.set(operation, statuses);
    }
    const known = statuses.get(labels.status);
    if (known !== undefined) return known;
    const answers = { labels, totals: noAnswers(), buckets: this.answerSeconds.of({ ...labels }) };
    statuses.set(labels.status, answers);
    return answers;
  }

  private *allAnswers(): Generator<Answers> {
    for (const statuses of this.answers.values()) yield* statuses.values();
  }
}

function noAnswers(): AnswerTotals {
  return {
    count: 0,
    fail_count: 0,
    avg_duration_micros: 0,
    min_duration_micros: Number.POSITIVE_INFINITY,
    max_duration_micros: 0,
    total_duration_micros: 0,
  };
}

function sumOf(column: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < column.length; at += 1) sum += column[at] as number;
  return sum;
}

function observed(meter: Meter, name: string, description: string): ObservableCounter {
  return meter.createObservableCounter(name, { description, valueType: ValueType.INT });
}
