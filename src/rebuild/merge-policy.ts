// Which segments to merge or rebuild, and why: pure, asked by the lifecycle of a collection. Small segments are merged
// by tiers of ten, so that each row is rewritten a few times only however long it stays; a segment whose rows died, or a
// collection that outgrew its largest segment, is merged into that, which keeps its graph ("streaming"). A graph that
// holds far more rows than it was built of, or codes that fit the rows badly, are built anew.

import type { Thresholds } from '../config/maintenance.js';
import type { Trigger } from './repeat-guard.js';

export interface SegmentFacts {
  number: number;
  rows: number;
  liveRows: number;
  /** That its graph and codes were built of; `rows` where it is not known. */
  builtRows?: number;
  /** Error of the codes of the rows that were last merged into it, over that of those they were trained on. */
  drift?: number | null;
}

export interface MergeChoice {
  kind: 'minor' | 'major' | 'rebuild';
  /** Numbers of the segments, ascending. */
  segments: number[];
  reason: string;
  /** Null where it was asked for. */
  trigger: Trigger | null;
}

/** Segments up to this many rows are of the lowest tier. */
const TIER_ROWS = 1000;
/** Beside them, a segment that is merged is rewritten for little. */
const GROWTH_ROWS_MIN = 10_000;

/**
 * What is due, most urgent first; nothing where all is well. Many small segments are what makes searches slow, and
 * merged soon, while a large one is worked on for long.
 */
export function mergesDue(segments: readonly SegmentFacts[], thresholds: Thresholds): MergeChoice[] {
  return [
    ...manySmall(segments, thresholds),
    manyDead(segments, thresholds),
    manyInAll(segments, thresholds),
    grown(segments, thresholds),
    outgrown(segments, thresholds),
    drifted(segments, thresholds),
  ].filter((choice) => choice !== null);
}

/** How far each trigger is, due or not. */
export function triggerValues(segments: readonly SegmentFacts[]): Map<string, number> {
  const values = new Map([
    ['tombstones', tombstoneRatio(segments)],
    ['segments', segments.length],
    ['growth', growthOf(segments)],
    ['builtRows', outgrowthOf(segments)],
    ['drift', driftOf(segments)],
  ]);
  for (const [tier, of] of tiersOf(segments)) values.set(tierName(tier), of.length);
  return values;
}

/** All segments, on request. Null where there are none. */
export function mergeAll(
  segments: readonly SegmentFacts[],
  kind: MergeChoice['kind'],
  reason: string,
  trigger: Trigger | null = null,
): MergeChoice | null {
  return segments.length === 0 ? null : { kind, segments: numbersOf(segments), reason, trigger };
}

export function tombstoneRatio(segments: readonly SegmentFacts[]): number {
  const rows = sum(segments, ({ rows: all }) => all);
  return rows === 0 ? 0 : 1 - liveOf(segments) / rows;
}

// Those segments in which the dead are too many; rows that are fresh enough stay where they are.
function manyDead(segments: readonly SegmentFacts[], { tombstones }: Thresholds): MergeChoice | null {
  const ratio = tombstoneRatio(segments);
  if (ratio <= tombstones) return null;
  const worst = segments.filter(({ rows, liveRows }) => rows - liveRows > (tombstones / 2) * rows);
  const reason = `${percent(ratio)} of the rows are dead, more than ${percent(tombstones)}`;
  return { kind: 'major', segments: numbersOf(worst), reason, trigger: { name: 'tombstones', value: ratio } };
}

function manySmall(segments: readonly SegmentFacts[], { smallSegments }: Thresholds): MergeChoice[] {
  return [...tiersOf(segments)]
    .sort(([a], [b]) => a - b)
    .filter(([, of]) => of.length > smallSegments)
    .map(([tier, of]) => ({
      kind: 'minor',
      segments: numbersOf(of),
      reason: `${of.length} segments of up to ${TIER_ROWS * 10 ** tier} rows, more than ${smallSegments}`,
      trigger: { name: tierName(tier), value: of.length },
    }));
}

function manyInAll(segments: readonly SegmentFacts[], { segments: most }: Thresholds): MergeChoice | null {
  if (segments.length <= most) return null;
  const smallest = [...segments].sort((a, b) => a.rows - b.rows).slice(0, segments.length - most + 1);
  const reason = `${segments.length} segments, more than ${most}`;
  const trigger = { name: 'segments', value: segments.length };
  return { kind: 'minor', segments: numbersOf(smallest), reason, trigger };
}

function grown(segments: readonly SegmentFacts[], { growth }: Thresholds): MergeChoice | null {
  if (segments.length < 2 || liveOf(segments) < GROWTH_ROWS_MIN) return null;
  const value = growthOf(segments);
  if (value <= growth) return null;
  const largest = Math.max(...segments.map(({ liveRows }) => liveRows));
  const reason = `${liveOf(segments)} rows, more than ${growth} times those of the largest segment, ${largest}`;
  return { kind: 'major', segments: numbersOf(segments), reason, trigger: { name: 'growth', value } };
}

// A graph grows by insertion only so far: where it was built of half as many rows, so were its codes.
function outgrown(segments: readonly SegmentFacts[], { builtRows }: Thresholds): MergeChoice | null {
  const value = outgrowthOf(segments);
  if (value <= builtRows || liveOf(segments) < GROWTH_ROWS_MIN) return null;
  const reason = `the largest segment has ${rounded(value)} times the rows that its graph was built of, more than ${builtRows}`;
  return mergeAll(segments, 'rebuild', reason, { name: 'builtRows', value });
}

function drifted(segments: readonly SegmentFacts[], { drift }: Thresholds): MergeChoice | null {
  const value = driftOf(segments);
  if (value <= drift) return null;
  const reason = `codes of new rows err ${rounded(value)} times as much as those they were trained on, more than ${drift}`;
  return mergeAll(segments, 'rebuild', reason, { name: 'drift', value });
}

function growthOf(segments: readonly SegmentFacts[]): number {
  const largest = Math.max(0, ...segments.map(({ liveRows }) => liveRows));
  return largest === 0 ? 0 : liveOf(segments) / largest;
}

function outgrowthOf(segments: readonly SegmentFacts[]): number {
  const largest = largestOf(segments);
  return largest === undefined ? 0 : largest.liveRows / Math.max(1, largest.builtRows ?? largest.rows);
}

function driftOf(segments: readonly SegmentFacts[]): number {
  return largestOf(segments)?.drift ?? 0;
}

function largestOf(segments: readonly SegmentFacts[]): SegmentFacts | undefined {
  return [...segments].sort((a, b) => b.liveRows - a.liveRows)[0];
}

function tiersOf(segments: readonly SegmentFacts[]): Map<number, SegmentFacts[]> {
  const tiers = new Map<number, SegmentFacts[]>();
  for (const segment of segments) {
    const tier = Math.max(0, Math.ceil(Math.log10(segment.rows / TIER_ROWS)));
    tiers.set(tier, [...(tiers.get(tier) ?? []), segment]);
  }
  return tiers;
}

function tierName(tier: number): string {
  return `segments of tier ${tier}`;
}

function liveOf(segments: readonly SegmentFacts[]): number {
  return sum(segments, ({ liveRows }) => liveRows);
}

function numbersOf(segments: readonly SegmentFacts[]): number[] {
  return segments.map(({ number }) => number).sort((a, b) => a - b);
}

function sum(segments: readonly SegmentFacts[], countOf: (segment: SegmentFacts) => number): number {
  return segments.reduce((total, segment) => total + countOf(segment), 0);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

function rounded(value: number): string {
  return value.toFixed(2);
}
