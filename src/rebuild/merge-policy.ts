// Which segments to merge, and why: pure, asked by the lifecycle of a collection. Small segments are merged by tiers of
// ten, so that each row is rewritten a few times only however long it stays; a segment whose rows died, or a collection
// that outgrew the graph it was built as, is merged into its largest segment, which keeps its graph ("streaming").

import type { Thresholds } from '../config/maintenance.js';

export interface SegmentFacts {
  number: number;
  rows: number;
  liveRows: number;
}

export interface MergeChoice {
  kind: 'minor' | 'major';
  /** Numbers of the segments, ascending. */
  segments: number[];
  reason: string;
}

/** Segments up to this many rows are of the lowest tier. */
const TIER_ROWS = 1000;
/** Beside them, a segment that is merged is rewritten for little. */
const GROWTH_ROWS_MIN = 10_000;

/** Null where all is well. */
export function chooseMerge(segments: readonly SegmentFacts[], thresholds: Thresholds): MergeChoice | null {
  return (
    manyDead(segments, thresholds) ??
    manySmall(segments, thresholds) ??
    manyInAll(segments, thresholds) ??
    grown(segments, thresholds)
  );
}

/** All segments, on request. Null where there are none. */
export function mergeAll(segments: readonly SegmentFacts[], reason: string): MergeChoice | null {
  return segments.length === 0 ? null : { kind: 'major', segments: numbersOf(segments), reason };
}

export function tombstoneRatio(segments: readonly SegmentFacts[]): number {
  const rows = sum(segments, ({ rows: all }) => all);
  return rows === 0 ? 0 : 1 - sum(segments, ({ liveRows }) => liveRows) / rows;
}

// Those segments in which the dead are too many; rows that are fresh enough stay where they are.
function manyDead(segments: readonly SegmentFacts[], { tombstones }: Thresholds): MergeChoice | null {
  const ratio = tombstoneRatio(segments);
  if (ratio <= tombstones) return null;
  const worst = segments.filter(({ rows, liveRows }) => rows - liveRows > (tombstones / 2) * rows);
  const reason = `${percent(ratio)} of the rows are dead, more than ${percent(tombstones)}`;
  return { kind: 'major', segments: numbersOf(worst), reason };
}

function manySmall(segments: readonly SegmentFacts[], { smallSegments }: Thresholds): MergeChoice | null {
  const tiers = new Map<number, SegmentFacts[]>();
  for (const segment of segments) {
    const tier = tierOf(segment);
    tiers.set(tier, [...(tiers.get(tier) ?? []), segment]);
  }
  for (const [tier, of] of [...tiers].sort(([a], [b]) => a - b)) {
    if (of.length <= smallSegments) continue;
    const reason = `${of.length} segments of up to ${TIER_ROWS * 10 ** tier} rows, more than ${smallSegments}`;
    return { kind: 'minor', segments: numbersOf(of), reason };
  }
  return null;
}

function manyInAll(segments: readonly SegmentFacts[], { segments: most }: Thresholds): MergeChoice | null {
  if (segments.length <= most) return null;
  const smallest = [...segments].sort((a, b) => a.rows - b.rows).slice(0, segments.length - most + 1);
  const reason = `${segments.length} segments, more than ${most}`;
  return { kind: 'minor', segments: numbersOf(smallest), reason };
}

function grown(segments: readonly SegmentFacts[], { growth }: Thresholds): MergeChoice | null {
  if (segments.length < 2) return null;
  const live = sum(segments, ({ liveRows }) => liveRows);
  const largest = Math.max(...segments.map(({ liveRows }) => liveRows));
  if (live < GROWTH_ROWS_MIN || live <= growth * largest) return null;
  const reason = `${live} rows, more than ${growth} times those of the largest segment, ${largest}`;
  return { kind: 'major', segments: numbersOf(segments), reason };
}

function tierOf({ rows }: SegmentFacts): number {
  return Math.max(0, Math.ceil(Math.log10(rows / TIER_ROWS)));
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
