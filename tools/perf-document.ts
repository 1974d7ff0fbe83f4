// What a query cost by the system's counters: the document that `perf --json` prints, and its table. Pure.
//
// Two measurements of the same search that differ only in how often the queries were run; what differs between
// them is the queries' own, and the rest is start-up, loading and the first, cold round.
import { type Column, formatNumber, rounded } from './output.js';
import { type Count, type Counts, EVENTS, type EventName } from './perf-stat.js';
import type { SearchDocument } from './search-document.js';

/** What searches did by their own account, in all. */
export interface Work {
  queries: number;
  reads: number;
  readBytes: number;
  cacheHits: number;
}

export interface Measurement {
  counts: Counts;
  work: Work;
}

export interface PerfDocument {
  index: SearchDocument['index'];
  params: SearchDocument['params'];
  counter: 'perf' | 'getrusage';
  /** Why not perf; null with it. */
  counter_note: string | null;
  /** Over which the means are taken. */
  queries: number;
  /** Null where the machine does not count; `not_counted` says why. */
  per_query: Record<CounterKey, number | null> & {
    instructions_per_cycle: number | null;
    reads: number;
    read_bytes: number;
    cache_hits: number;
    /** Of the slots asked for. */
    hit_rate: number | null;
  };
  /** Beside the queries, in all: start-up, loading, the first round's extra. */
  beside: Record<CounterKey, number | null>;
  not_counted: Partial<Record<CounterKey, string>>;
  /** Counters that shared a register: the share of the time that they were counted in. */
  scaled: Partial<Record<CounterKey, number>>;
}

/** Names in the document. */
export type CounterKey =
  | 'page_faults'
  | 'major_faults'
  | 'context_switches'
  | 'cpu_migrations'
  | 'task_clock_us'
  | 'cycles'
  | 'instructions'
  | 'cache_misses'
  | 'branch_misses';

const KEYS: Readonly<Record<EventName, CounterKey>> = {
  'page-faults': 'page_faults',
  'major-faults': 'major_faults',
  'context-switches': 'context_switches',
  'cpu-migrations': 'cpu_migrations',
  'task-clock': 'task_clock_us',
  cycles: 'cycles',
  instructions: 'instructions',
  'cache-misses': 'cache_misses',
  'branch-misses': 'branch_misses',
};

const US_A_MS = 1000;
const SCALED_BELOW = 0.995;

export function workOf({ queries, per_query: cost }: SearchDocument): Work {
  return {
    queries,
    reads: cost.reads * queries,
    readBytes: cost.read_bytes * queries,
    cacheHits: cost.cache_hits * queries,
  };
}

export interface PerfInput {
  /** Any of the searches: index and parameters are the same. */
  search: SearchDocument;
  pagesPerSlot: number;
  counter: PerfDocument['counter'];
  counterNote: string | null;
  short: Measurement;
  /** With more rounds than `short`. */
  long: Measurement;
}

export function perfDocument(input: PerfInput): PerfDocument {
  const { search, short, long } = input;
  const queries = long.work.queries - short.work.queries;
  const document: PerfDocument = {
    index: search.index,
    params: search.params,
    counter: input.counter,
    counter_note: input.counterNote,
    queries,
    per_query: { ...emptyCounters(), instructions_per_cycle: null, ...workPerQuery(input, queries) },
    beside: emptyCounters(),
    not_counted: {},
    scaled: {},
  };
  for (const event of EVENTS) {
    const key = KEYS[event];
    const [first, second] = [short.counts[event], long.counts[event]];
    const reason = first.reason ?? second.reason;
    if (first.value === null || second.value === null) {
      document.not_counted[key] = reason ?? 'not counted';
      continue;
    }
    const unit = event === 'task-clock' ? US_A_MS : 1;
    const perQuery = ((second.value - first.value) * unit) / queries;
    document.per_query[key] = rounded(perQuery);
    document.beside[key] = rounded(first.value * unit - perQuery * short.work.queries);
    const share = Math.min(first.share, second.share);
    if (share < SCALED_BELOW) document.scaled[key] = rounded(share);
  }
  const { cycles, instructions } = document.per_query;
  if (cycles !== null && instructions !== null) {
    document.per_query.instructions_per_cycle = rounded(instructions / cycles);
  }
  return document;
}

interface PerfRow {
  name: string;
  perQuery: number | null;
  beside?: number | null;
  note?: string | undefined;
}

export function perfRows(document: PerfDocument): PerfRow[] {
  const { per_query: cost, beside } = document;
  const counters = EVENTS.map((event): PerfRow => {
    const key = KEYS[event];
    const name = event === 'task-clock' ? 'task clock, us' : event.replace('-', ' ');
    return { name, perQuery: cost[key], beside: beside[key], note: counterNote(document, key) };
  });
  const hitRate = cost.hit_rate === null ? undefined : `${formatNumber(rounded(cost.hit_rate * 100, 4))}% of the slots`;
  return [
    ...counters,
    { name: 'instructions a cycle', perQuery: cost.instructions_per_cycle },
    { name: 'reads, pages', perQuery: cost.reads },
    { name: 'reads, bytes', perQuery: cost.read_bytes },
    { name: 'cache hits', perQuery: cost.cache_hits, note: hitRate },
  ].filter((row) => row.name !== 'instructions a cycle' || row.perQuery !== null);
}

export const perfColumns: readonly Column<PerfRow>[] = [
  { title: 'counter', cell: (row) => row.name },
  { title: 'a query', cell: (row) => row.perQuery, align: 'right' },
  { title: 'beside', cell: (row) => row.beside, align: 'right' },
  { title: 'note', cell: (row) => row.note ?? '' },
];

function counterNote({ not_counted: reasons, scaled }: PerfDocument, key: CounterKey): string | undefined {
  const share = scaled[key];
  return share === undefined ? reasons[key] : `scaled: counted ${formatNumber(Math.round(share * 100))}% of the time`;
}

function workPerQuery({ short, long, pagesPerSlot }: PerfInput, queries: number) {
  const mean = (name: keyof Work): number => (long.work[name] - short.work[name]) / queries;
  const hits = mean('cacheHits');
  const slots = hits + mean('reads') / pagesPerSlot;
  return {
    reads: rounded(mean('reads')),
    read_bytes: rounded(mean('readBytes')),
    cache_hits: rounded(hits),
    hit_rate: slots === 0 ? null : rounded(hits / slots),
  };
}

function emptyCounters(): Record<CounterKey, number | null> {
  return Object.fromEntries(EVENTS.map((event) => [KEYS[event], null])) as Record<CounterKey, number | null>;
}

/** A count that was taken whole. */
export function counted(value: number): Count {
  return { value, reason: null, share: 1 };
}
