// From a filter to the rows that match, by postings. Where no index can answer a condition, the set is the smallest one
// that is known to hold all matches, and what is left of the filter must be asked of the payloads of its rows.
//
// Every part gives two bounds: rows that surely match, and rows that may. Both are the same where the part is exact. Of
// `must` the bounds are intersected, of `should` united, of `must_not` turned round. Sets that came from an index are
// never changed; those made here are. Every condition is told among which rows matches are still looked for.
import { RoaringBitmap32, type ReadonlyRoaringBitmap32, unionOf } from '../bitmap.js';
import type { FieldCondition } from '../field/field-condition.js';
import type { FieldAnswer } from '../field/value-index.js';
import type { PointId } from '../payload/point.js';
import type { Condition, Filter } from './filter-ast.js';

/** Rows by conditions on one field; what field indexes are to a filter. */
export interface PostingSource {
  /** Rows that live. */
  readonly live: ReadonlyRoaringBitmap32;
  /**
   * Rows that match, or may; dead ones among them do not matter, nor with `among` those that are not in it. Undefined
   * where the field has no index.
   */
  rowsOf(key: string, condition: FieldCondition, among?: ReadonlyRoaringBitmap32): FieldAnswer | undefined;
  /** About how many; undefined as above. Only for the order of evaluation. */
  estimate(key: string, condition: FieldCondition): number | undefined;
  idRows(ids: readonly PointId[]): ReadonlyRoaringBitmap32;
  /** Which points have a vector of that name; without it, all have the unnamed one. */
  shareWithVector?(name: string): 'all' | 'some' | 'none';
}

export interface Evaluation {
  /** Live rows: the matches, or with a `rest` all rows that may match. A bitmap of the caller's own. */
  rows: RoaringBitmap32;
  /** What payloads still have to decide; null when the rows are exact. */
  rest: Filter | null;
}

export function evaluateFilter(filter: Filter, source: PostingSource): Evaluation {
  const { most, isExact } = new Evaluator(source).filter(filter);
  const rows = most === null ? source.live.clone() : RoaringBitmap32.and(most, source.live);
  return { rows, rest: isExact ? null : filter };
}

/**
 * About how many rows match, as if conditions had nothing to do with each other; of those that no index answers nothing is
 * known, and all rows are counted.
 */
export function estimateMatches(filter: Filter, source: PostingSource): number {
  return source.live.size * new Evaluator(source).shareOf(filter);
}

/** Rows outside of which nothing matters, since an earlier part rules them out. */
type Among = ReadonlyRoaringBitmap32 | undefined;
type Part = (among: Among) => Bounds;

/** `most`: rows that may match, `null` for all; `least`: rows that surely do, asked for only where it is not exact. */
interface Bounds {
  most: ReadonlyRoaringBitmap32 | null;
  isExact: boolean;
  /** Of no meaning when exact. */
  least: ReadonlyRoaringBitmap32;
}

const NONE: ReadonlyRoaringBitmap32 = new RoaringBitmap32().freeze();
const UNKNOWN: Bounds = { most: null, isExact: false, least: NONE };

class Evaluator {
  constructor(private readonly source: PostingSource) {}

  filter(filter: Filter, within?: Among): Bounds {
    const parts: Part[] = [];
    // Most selective first, so that what comes behind an empty set need not be evaluated.
    const must = filter.must.map((condition) => ({ condition, estimate: this.estimate(condition) }));
    must.sort((a, b) => a.estimate - b.estimate);
    for (const { condition } of must) parts.push((among) => this.condition(condition, among));
    if (filter.should.length > 0) parts.push((among) => this.union(filter.should, among));
    const { minShould } = filter;
    if (minShould !== null) parts.push((among) => this.atLeast(minShould.conditions, minShould.minCount, among));
    if (filter.mustNot.length > 0) parts.push((among) => this.complement(this.union(filter.mustNot, among)));
    return this.intersection(parts, within);
  }

  private condition(condition: Condition, among: Among): Bounds {
    switch (condition.kind) {
      case 'filter':
        return this.filter(condition.filter, among);
      case 'field':
        return boundsOf(this.source.rowsOf(condition.key, condition.condition, among));
      case 'hasId':
        return { most: this.source.idRows(condition.ids), isExact: true, least: NONE };
      case 'hasVector':
        return this.withVector(condition.name);
      case 'nested':
        return this.nested(condition, among);
    }
  }

  // Their records say which points have it.
  private withVector(name: string): Bounds {
    const share = this.source.shareWithVector?.(name) ?? (name === '' ? 'all' : 'none');
    return share === 'some' ? UNKNOWN : { most: share === 'all' ? null : NONE, isExact: true, least: NONE };
  }

  // One element must hold all of it. What each condition holds for in some element, an index of that path knows.
  private nested({ key, filter }: Extract<Condition, { kind: 'nested' }>, within: Among): Bounds {
    const parts = filter.must.flatMap((condition): Part[] => {
      if (condition.kind !== 'field' || isOfNothing(condition.condition)) return [];
      return [(among) => boundsOf(this.source.rowsOf(`${key}.${condition.key}`, condition.condition, among))];
    });
    return { ...this.intersection(parts, within), isExact: false, least: NONE };
  }

  private intersection(parts: readonly Part[], within: Among): Bounds {
    let most: ReadonlyRoaringBitmap32 | null = null;
    let isExact = true;
    const all: Bounds[] = [];
    for (const evaluate of parts) {
      if (most?.isEmpty === true) return { most: NONE, isExact: true, least: NONE };
      const part = evaluate(most ?? within);
      all.push(part);
      isExact &&= part.isExact;
      if (part.most === null) continue;
      most = most === null ? part.most : RoaringBitmap32.and(most, part.most);
    }
    if (most?.isEmpty === true) return { most: NONE, isExact: true, least: NONE };
    return { most, isExact, least: isExact ? NONE : this.surelyInAll(all) };
  }

  private surelyInAll(parts: readonly Bounds[]): ReadonlyRoaringBitmap32 {
    let rows: ReadonlyRoaringBitmap32 | null = null;
    for (const part of parts) {
      const least = this.leastOf(part);
      if (least.isEmpty) return NONE;
      rows = rows === null ? least : RoaringBitmap32.and(rows, least);
    }
    return rows ?? this.source.live;
  }

  private union(conditions: readonly Condition[], among: Among): Bounds {
    const parts = conditions.map((condition) => this.condition(condition, among));
    const isExact = parts.every((part) => part.isExact);
    const mosts = parts.map(({ most }) => most);
    const most = mosts.includes(null) ? null : unionOf(mosts as ReadonlyRoaringBitmap32[]);
    const least = isExact ? NONE : unionOf(parts.map((part) => this.leastOf(part)));
    // All rows, whatever the other conditions say.
    if (parts.some((part) => part.isExact && part.most === null)) return { most: null, isExact: true, least: NONE };
    return { most, isExact, least };
  }

  private complement(part: Bounds): Bounds {
    const { live } = this.source;
    if (part.isExact) {
      return { most: part.most === null ? NONE : RoaringBitmap32.andNot(live, part.most), isExact: true, least: NONE };
    }
    const least = part.most === null ? NONE : RoaringBitmap32.andNot(live, part.most);
    return { most: RoaringBitmap32.andNot(live, part.least), isExact: false, least };
  }

  // Level n of the ladder has the rows that are in n or more of the sets so far.
  private atLeast(conditions: readonly Condition[], count: number, among: Among): Bounds {
    if (count === 0) return { most: null, isExact: true, least: NONE };
    if (count > conditions.length) return { most: NONE, isExact: true, least: NONE };
    const parts = conditions.map((condition) => this.condition(condition, among));
    const isExact = parts.every((part) => part.isExact);
    const most = ladder(
      parts.map((part) => part.most ?? this.source.live),
      count,
    );
    const least = isExact
      ? NONE
      : ladder(
          parts.map((part) => this.leastOf(part)),
          count,
        );
    return { most, isExact, least };
  }

  private leastOf(part: Bounds): ReadonlyRoaringBitmap32 {
    return part.isExact ? (part.most ?? this.source.live) : part.least;
  }

  /** Of the rows that live, the share that matches, estimated. */
  shareOf({ must, should, mustNot, minShould }: Filter): number {
    const some = (conditions: readonly Condition[]): number =>
      1 - conditions.reduce((none, condition) => none * (1 - this.shareOfCondition(condition)), 1);
    let share = must.reduce((all, condition) => all * this.shareOfCondition(condition), 1);
    if (should.length > 0) share *= some(should);
    // Of several any: with a count above one that is too many.
    if (minShould !== null && minShould.minCount > 0) share *= some(minShould.conditions);
    // What nothing is known of rules nothing out.
    return share * (1 - some(mustNot.filter((condition) => this.shareOfCondition(condition) < 1)));
  }

  private shareOfCondition(condition: Condition): number {
    if (condition.kind === 'filter') return this.shareOf(condition.filter);
    return Math.min(1, this.estimate(condition) / Math.max(1, this.source.live.size));
  }

  private estimate(condition: Condition): number {
    const all = this.source.live.size;
    switch (condition.kind) {
      case 'field':
        return this.source.estimate(condition.key, condition.condition) ?? all;
      case 'hasId':
        return condition.ids.length;
      case 'filter':
        return Math.min(all, ...condition.filter.must.map((inner) => this.estimate(inner)));
      default:
        return all;
    }
  }
}

function boundsOf(answer: FieldAnswer | undefined): Bounds {
  return answer === undefined ? UNKNOWN : { most: answer.rows, isExact: answer.isExact, least: NONE };
}

function ladder(sets: readonly ReadonlyRoaringBitmap32[], count: number): RoaringBitmap32 {
  const levels = Array.from({ length: count }, () => new RoaringBitmap32());
  for (const set of sets) {
    for (let level = count - 1; level >= 0; level -= 1) {
      const reaches = level === 0 ? set : RoaringBitmap32.and(levels[level - 1] as RoaringBitmap32, set);
      (levels[level] as RoaringBitmap32).orInPlace(reaches);
    }
  }
  return levels[count - 1] as RoaringBitmap32;
}

/** Conditions that an element fulfils by lacking the field, of which an index over all elements knows nothing. */
function isOfNothing(condition: FieldCondition): boolean {
  return condition.kind === 'isEmpty' || condition.kind === 'valuesCount' || condition.kind === 'isNull';
}
