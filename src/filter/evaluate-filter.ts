// From a filter to the rows that match, by postings. Where no index can answer a condition, the set is the smallest one
// that is known to hold all matches, and what is left of the filter must be asked of the payloads of its rows.
//
// Every part gives two bounds: rows that surely match, and rows that may. Both are the same where the part is exact. Of
// `must` the bounds are intersected, of `should` united, of `must_not` turned round. Sets that came from an index are
// never changed; those made here are.
import { RoaringBitmap32, type ReadonlyRoaringBitmap32 } from '../bitmap.js';
import type { FieldCondition } from '../field/field-condition.js';
import type { FieldAnswer } from '../field/value-index.js';
import type { PointId } from '../payload/point.js';
import type { Condition, Filter } from './filter-ast.js';

/** Rows by conditions on one field; what field indexes are to a filter. */
export interface PostingSource {
  /** Rows that live. */
  readonly live: ReadonlyRoaringBitmap32;
  /** Rows that match, or may; dead ones among them do not matter. Undefined where the field has no index. */
  rowsOf(key: string, condition: FieldCondition): FieldAnswer | undefined;
  /** About how many; undefined as above. Only for the order of evaluation. */
  estimate(key: string, condition: FieldCondition): number | undefined;
  idRows(ids: readonly PointId[]): ReadonlyRoaringBitmap32;
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

  filter(filter: Filter): Bounds {
    const parts: (() => Bounds)[] = [];
    // Most selective first, so that what comes behind an empty set need not be evaluated.
    const must = filter.must.map((condition) => ({ condition, estimate: this.estimate(condition) }));
    must.sort((a, b) => a.estimate - b.estimate);
    for (const { condition } of must) parts.push(() => this.condition(condition));
    if (filter.should.length > 0) parts.push(() => this.union(filter.should));
    const { minShould } = filter;
    if (minShould !== null) parts.push(() => this.atLeast(minShould.conditions, minShould.minCount));
    if (filter.mustNot.length > 0) parts.push(() => this.complement(this.union(filter.mustNot)));
    return this.intersection(parts);
  }

  private condition(condition: Condition): Bounds {
    switch (condition.kind) {
      case 'filter':
        return this.filter(condition.filter);
      case 'field':
        return boundsOf(this.source.rowsOf(condition.key, condition.condition));
      case 'hasId':
        return { most: this.source.idRows(condition.ids), isExact: true, least: NONE };
      case 'hasVector':
        return { most: condition.name === '' ? null : NONE, isExact: true, least: NONE };
      case 'nested':
        return this.nested(condition);
    }
  }

  // One element must hold all of it. What each condition holds for in some element, an index of that path knows.
  private nested({ key, filter }: Extract<Condition, { kind: 'nested' }>): Bounds {
    const parts = filter.must.flatMap((condition): (() => Bounds)[] => {
      if (condition.kind !== 'field' || isOfNothing(condition.condition)) return [];
      const answer = this.source.rowsOf(`${key}.${condition.key}`, condition.condition);
      return answer === undefined ? [] : [() => ({ most: answer.rows, isExact: false, least: NONE })];
    });
    return parts.length === 0 ? UNKNOWN : { ...this.intersection(parts), isExact: false, least: NONE };
  }

  private intersection(parts: readonly (() => Bounds)[]): Bounds {
    let most: ReadonlyRoaringBitmap32 | null = null;
    let isExact = true;
    const all: Bounds[] = [];
    for (const evaluate of parts) {
      if (most?.isEmpty === true) return { most: NONE, isExact: true, least: NONE };
      const part = evaluate();
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

  private union(conditions: readonly Condition[]): Bounds {
    const parts = conditions.map((condition) => this.condition(condition));
    const isExact = parts.every((part) => part.isExact);
    const mosts = parts.map(({ most }) => most);
    const most = mosts.includes(null) ? null : RoaringBitmap32.orMany(...(mosts as ReadonlyRoaringBitmap32[]));
    const least = isExact ? NONE : RoaringBitmap32.orMany(...parts.map((part) => this.leastOf(part)));
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
  private atLeast(conditions: readonly Condition[], count: number): Bounds {
    if (count === 0) return { most: null, isExact: true, least: NONE };
    if (count > conditions.length) return { most: NONE, isExact: true, least: NONE };
    const parts = conditions.map((condition) => this.condition(condition));
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
