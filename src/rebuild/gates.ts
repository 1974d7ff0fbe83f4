// What a merged segment must pass before it takes the place of those it was made of: both are searched side by side, as
// of the moment at which the merge began. Each gate says what it measured; one that is not passed stops the exchange,
// unless it is forced. None changes anything.
import type { NativeSegment, NativeSnapshot, NativeStore } from '../binding.js';
import { RoaringBitmap32, type ReadonlyRoaringBitmap32 } from '../bitmap.js';
import { NO_ROW } from '../limits.js';
import { Turns } from '../read/turns.js';
import { probeSegment, type RowPart } from '../segment/row-probe.js';
import { type Canary, CANARY_K, CANARY_LIST_SIZE, recallOf, sampleCanary, searchCanary, timeCanary } from './canary.js';
import { oncePossible } from './once-possible.js';

export interface GateResult {
  gate: 'rows' | 'recall' | 'latency' | 'memory' | 'shadow' | 'filters' | 'changes';
  passed: boolean;
  /** What was measured. */
  figures: Record<string, number>;
}

export interface GateInput {
  store: NativeStore;
  /** Of the collection when the merge began. */
  base: NativeSnapshot;
  /** Rows that lived then, and the last record that they are of. */
  live: ReadonlyRoaringBitmap32;
  seq: number;
  before: readonly NativeSegment[];
  candidate: NativeSegment;
  /** Queries that users asked lately, packed; points of the collection stand in for them. */
  recent: { bytes: Uint8Array; count: number };
  /** Most memory of the process, in which old and new are open now; no limit by default. */
  memoryLimit?: number;
}

const QUERIES = 500;
const QUERIES_IN_DOUBT = 2000;
const SHADOW_QUERIES = 100;
const LIST_SIZE_MAX = 512;
const RECALL_DROP_MAX = 0.005;
const P50_RATIO_MAX = 1.2;
const P99_RATIO_MAX = 1.5;
/** Differences below this are the machine's. */
const LATENCY_NOISE_MS = 0.25;
const LATENCY_TRIES = 3;
const AGREEMENT_MIN = 0.95;
const FILTER_SHARES = [0.01, 0.2];
const FILTER_QUERIES = 20;
const CHANGED_ROWS = 50;
/** Some milliseconds, where rows of several segments alternate: each is looked for by itself then. */
const WINDOW_ROWS = 256;

export async function runGates(input: GateInput): Promise<GateResult[]> {
  const { base, before, candidate, live } = input;
  const old = base.next({ segments: [...before], deltas: [] });
  const next = base.next({ segments: [candidate], deltas: [] });
  try {
    const { gate, held } = await compareRows(input);
    // Of several segments each was walked with a beam of its own: one graph gets as much in all, or a merge of many
    // small segments, which are scanned nearly whole, would never do.
    const listSize = Math.min(LIST_SIZE_MAX, CANARY_LIST_SIZE * before.length);
    const canary = await sampleCanary(next, held, QUERIES);
    return [
      gate,
      await compareRecall(old, next, canary, listSize, held),
      await compareLatency(old, next, canary),
      compareMemory(input),
      await compareShadow(old, next, input.recent.count > 0 ? input.recent : canary, listSize),
      await checkFilters(input.store, next, canary, RoaringBitmap32.and(live, held)),
      await checkChanges(input, next, canary),
    ];
  } finally {
    old.close();
    next.close();
  }
}

/** The same rows, those that lived at that record: row by row, in turns with all else that the event loop does. */
async function compareRows({
  store,
  live,
  seq,
  before,
  candidate,
}: GateInput): Promise<{ gate: GateResult; held: RoaringBitmap32 }> {
  const olds = before.map((segment) => probeSegment(store, 'a segment', segment));
  const made = probeSegment(store, 'the new segment', candidate);
  const held = new RoaringBitmap32();
  const figures = { seq, rows: 0, missing: 0, extra: 0 };
  const turns = new Turns();
  try {
    const end = Math.max(candidate.rows.last, ...before.map(({ rows }) => rows.last)) + 1;
    for (let first = 0; first < end; first += WINDOW_ROWS) {
      const turn = turns.next();
      if (turn !== undefined) await turn;
      const window = Uint32Array.from({ length: Math.min(WINDOW_ROWS, end - first) }, (_, at) => first + at);
      const inOld = hasAny(olds, window);
      const inNew = made.has(window);
      for (const [at, row] of window.entries()) {
        const expected = inOld[at] === 1 && live.has(row);
        if (expected) figures.rows += 1;
        if (expected && inNew[at] !== 1) figures.missing += 1;
        if (!expected && inNew[at] === 1) figures.extra += 1;
        if (expected && inNew[at] === 1) held.add(row);
      }
    }
  } finally {
    for (const part of [...olds, made]) part.close();
  }
  return { gate: { gate: 'rows', passed: figures.missing === 0 && figures.extra === 0, figures }, held };
}

function hasAny(parts: readonly RowPart[], rows: Uint32Array): Uint8Array {
  const flags = new Uint8Array(rows.length);
  for (const part of parts) for (const [at, has] of part.has(rows).entries()) if (has === 1) flags[at] = 1;
  return flags;
}

// The recalls of two graphs of the same rows differ by more than what is allowed once in ten times where 500 queries are
// asked, so that what seems worse is asked with more before it is refused.
async function compareRecall(
  old: NativeSnapshot,
  next: NativeSnapshot,
  canary: Canary,
  listSize: number,
  held: ReadonlyRoaringBitmap32,
): Promise<GateResult> {
  const first = await recallsOf(old, next, canary, listSize);
  if (first.passed) return first;
  return recallsOf(old, next, await sampleCanary(next, held, QUERIES_IN_DOUBT), listSize);
}

async function recallsOf(
  old: NativeSnapshot,
  next: NativeSnapshot,
  canary: Canary,
  listSize: number,
): Promise<GateResult> {
  const truth = await searchCanary(next, canary, { exact: true });
  const before = recallOf(await searchCanary(old, canary), truth);
  const after = recallOf(await searchCanary(next, canary, { listSize }), truth);
  const figures = { queries: canary.count, listSize, before, after };
  return { gate: 'recall', passed: after >= before - RECALL_DROP_MAX, figures };
}

// In turns, query by query, so that the machine disturbs both alike; once more where it seems slower.
async function compareLatency(old: NativeSnapshot, next: NativeSnapshot, canary: Canary): Promise<GateResult> {
  let best: GateResult | null = null;
  for (let time = 0; time < LATENCY_TRIES && best?.passed !== true; time += 1) {
    const before: number[] = [];
    const after: number[] = [];
    for (let at = 0; at < canary.count; at += 1) {
      const query = one(canary, at);
      for (const [snapshot, times] of at % 2 === 0
        ? ([
            [old, before],
            [next, after],
          ] as const)
        : ([
            [next, after],
            [old, before],
          ] as const)) {
        times.push(await timeCanary(snapshot, query));
      }
    }
    const p50 = [percentile(before, 0.5), percentile(after, 0.5)] as const;
    const p99 = [percentile(before, 0.99), percentile(after, 0.99)] as const;
    const passed = notSlower(p50, P50_RATIO_MAX) && notSlower(p99, P99_RATIO_MAX);
    const figures = { p50MsBefore: p50[0], p50MsAfter: p50[1], p99MsBefore: p99[0], p99MsAfter: p99[1] };
    best = { gate: 'latency', passed, figures };
  }
  return best ?? { gate: 'latency', passed: true, figures: {} };
}

function notSlower([before, after]: readonly [number, number], most: number): boolean {
  return after <= before * most || after - before < LATENCY_NOISE_MS;
}

/** What they hold for searches, and the process with both. */
function compareMemory({ before, candidate, memoryLimit }: GateInput): GateResult {
  const bytesOf = ({ info: { files } }: NativeSegment): number => files.graph + files.codes;
  const figures = {
    bytesBefore: before.reduce((sum, segment) => sum + bytesOf(segment), 0),
    bytesAfter: bytesOf(candidate),
    residentBytes: process.memoryUsage.rss(),
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
  };
  return { gate: 'memory', passed: memoryLimit === undefined || figures.residentBytes <= memoryLimit, figures };
}

/** Of what searches found before, as much must be found now, or nearer. */
async function compareShadow(
  old: NativeSnapshot,
  next: NativeSnapshot,
  recent: Pick<Canary, 'bytes' | 'count'>,
  listSize: number,
): Promise<GateResult> {
  const count = Math.min(recent.count, SHADOW_QUERIES);
  const queries = { bytes: recent.bytes.subarray(0, (recent.bytes.length / Math.max(1, recent.count)) * count), count };
  if (count === 0) return { gate: 'shadow', passed: true, figures: { queries: 0, agreement: 1 } };
  const agreement = recallOf(await searchCanary(next, queries, { listSize }), await searchCanary(old, queries));
  return { gate: 'shadow', passed: agreement >= AGREEMENT_MIN, figures: { queries: count, agreement } };
}

/** With a filter: only rows of it, as many as there are or are asked for, and by a scan the nearest of them. */
async function checkFilters(
  store: NativeStore,
  next: NativeSnapshot,
  canary: Canary,
  live: RoaringBitmap32,
): Promise<GateResult> {
  const figures = { filters: 0, wrong: 0 };
  const count = Math.min(FILTER_QUERIES, canary.count);
  const bytes = canary.bytes.subarray(0, (canary.bytes.length / Math.max(1, canary.count)) * count);
  for (const share of FILTER_SHARES) {
    const step = Math.round(1 / share);
    const rows = new RoaringBitmap32(live.toUint32Array().filter((_, at) => at % step === 0));
    const filter = store.createRowFilter(rows.serialize('portable'));
    try {
      const shared = { k: CANARY_K, listSize: 64, rerank: 0, approximate: false, costs: false, filter };
      for (const exact of [true, false]) {
        const params = { ...shared, exact, strategy: 'auto' } as const;
        const found = await oncePossible(() => next.search(bytes, count, params, null));
        figures.filters += 1;
        for (let query = 0; query < count; query += 1) {
          const hits = found.rows.subarray(query * CANARY_K, (query + 1) * CANARY_K).filter((row) => row !== NO_ROW);
          const isRight = hits.length === Math.min(CANARY_K, rows.size) && hits.every((row) => rows.has(row));
          if (!isRight) figures.wrong += 1;
        }
      }
    } finally {
      filter.close();
    }
  }
  return { gate: 'filters', passed: figures.wrong === 0, figures };
}

/**
 * Points that die are found no more, the others are; and points that get another vector, which is a dead row and a fresh
 * one, are found by that.
 */
async function checkChanges(
  { store, candidate }: GateInput,
  next: NativeSnapshot,
  canary: Canary,
): Promise<GateResult> {
  const dead = canary.rows.filter((_, at) => at % 2 === 0).slice(0, CHANGED_ROWS);
  const updated = candidate.rows.last + dead.length < NO_ROW ? dead.length : 0;
  const moved = Uint32Array.from({ length: updated }, (_, at) => candidate.rows.last + 1 + at);
  const others = queriesAt(
    canary,
    Array.from({ length: updated }, (_, at) => 2 * at),
  );
  const fresh = store.createDelta();
  const changed = next.next({ dead, segments: [candidate], deltas: [fresh] });
  try {
    const figures = { deleted: dead.length, stillFound: 0, lost: 0, updated, notFound: 0 };
    const gone = new Set(dead);
    const found = await searchCanary(changed, canary, { exact: true });
    for (const row of found.rows) if (gone.has(row)) figures.stillFound += 1;
    const there = await changed.fetch(canary.rows);
    for (const [at, row] of canary.rows.entries()) if (!gone.has(row) && there.found[at] !== 1) figures.lost += 1;
    if (updated > 0) fresh.append(moved, others.bytes);
    const after = changed.next({});
    try {
      const hits = await searchCanary(after, others);
      for (const [at, row] of moved.entries()) {
        const [first, end] = [at * CANARY_K, (at + 1) * CANARY_K];
        // Where more points than are asked for stand at one place, any of them will do.
        const sameForAll = hits.distances[end - 1] === hits.distances[first];
        if (!hits.rows.subarray(first, end).includes(row) && !sameForAll) figures.notFound += 1;
      }
    } finally {
      after.close();
    }
    const passed = figures.stillFound === 0 && figures.lost === 0 && figures.notFound === 0;
    return { gate: 'changes', passed, figures };
  } finally {
    changed.close();
    fresh.close();
  }
}

function queriesAt({ bytes, count }: Canary, places: readonly number[]): Pick<Canary, 'bytes' | 'count'> {
  const size = bytes.length / Math.max(1, count);
  const packed = Buffer.concat(places.map((at) => bytes.subarray(at * size, (at + 1) * size)));
  return { bytes: packed, count: places.length };
}

function one({ bytes, count }: Canary, at: number): Pick<Canary, 'bytes' | 'count'> {
  const size = bytes.length / count;
  return { bytes: bytes.subarray(at * size, (at + 1) * size), count: 1 };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
