// Filters of one collection: from JSON to the set of rows that match in a snapshot. Field indexes answer what they
// can, in the very turn in which the snapshot is taken, since they stand at the last published one; payloads of that
// snapshot answer the rest. Sets are kept by filter and by the state of the fields it asks for.
import { RoaringBitmap32 } from '../bitmap.js';
import type { CollectionConfig } from '../config/collection-config.js';
import { hasNames, spacesOf } from '../config/spaces.js';
import { estimateMatches, evaluateFilter, type PostingSource } from '../filter/evaluate-filter.js';
import type { Filter } from '../filter/filter-ast.js';
import { type FilterKey, filterKey } from '../filter/filter-key.js';
import { asksForVectors, compileMatcher, type Matcher } from '../filter/match-filter.js';
import { parseFilter } from '../filter/parse-filter.js';
import type { PointIdRules } from '../meta/point-id.js';
import type { PointId } from '../payload/point.js';
import type { CollectionSnapshot } from '../snapshot/collection-snapshot.js';
import type { FieldSource } from './field-source.js';
import { RowSet, RowSetCache } from './row-set-cache.js';
import { verifyRows } from './verify-rows.js';

export interface FilterRuntime {
  fields: FieldSource;
  config(): CollectionConfig;
  ids: PointIdRules;
  /** Payloads that a filter may read. */
  scanRowsMax: number;
}

/** A filter that was read, and what names it. */
export interface ParsedFilter {
  filter: Filter;
  key: FilterKey;
}

export class Filters {
  private readonly cache = new RowSetCache();

  constructor(private readonly runtime: FilterRuntime) {}

  /** INVALID_ARGUMENT, naming the bad part, for what is no filter. */
  parse(input: unknown): ParsedFilter {
    const filter = parseFilter(input, { stringIds: this.runtime.ids.strings === true });
    return { filter, key: filterKey(filter) };
  }

  /** Whether a point matches, by its payload alone. */
  matcher({ filter }: ParsedFilter): Matcher {
    return compileMatcher(filter, (key) => this.runtime.fields.indexOf(key)?.schema);
  }

  /** Whether the matcher has to be told which vectors a point has. */
  asksForVectors({ filter }: ParsedFilter): boolean {
    return hasNames(this.runtime.config()) && asksForVectors(filter);
  }

  /**
   * The rows that match in the snapshot. To be called in the turn in which that was acquired. UNINDEXED_FILTER when too
   * many payloads would have to be read, ABORTED.
   */
  async rowsOf(parsed: ParsedFilter, snapshot: CollectionSnapshot, signal?: AbortSignal): Promise<RowSet> {
    const { fields } = this.runtime;
    const { text } = parsed.key;
    // Of the indexes; where payloads had to be read, of the whole collection.
    const stamp = fields.stampOf(parsed.key.fields);
    const stampRead = `record ${snapshot.seq}`;
    const known = this.cache.get(text, [stamp, stampRead]);
    if (known !== undefined) return known;
    const source: PostingSource = {
      live: fields.live,
      rowsOf: (key, condition, among) => fields.indexOf(key)?.rowsOf(condition, fields.live, among),
      estimate: (key, condition) => fields.indexOf(key)?.estimate(condition, fields.live),
      idRows: (ids) => rowsOfIds(ids, snapshot),
      shareWithVector: (name) => this.shareWithVector(name),
    };
    // Before it is evaluated, which corrects the next estimate.
    const estimate = estimateMatches(parsed.filter, source);
    const { rows, rest } = evaluateFilter(parsed.filter, source);
    if (rest === null) return this.cache.put(text, stamp, new RowSet(rows, estimate));
    const matches = compileMatcher(rest, (key) => fields.indexOf(key)?.schema);
    const spaces = spacesOf(this.runtime.config());
    const verified = await verifyRows(snapshot.meta, rows, matches, {
      rowsMax: this.runtime.scanRowsMax,
      signal,
      spaces,
    });
    return this.cache.put(text, stampRead, new RowSet(verified, estimate));
  }

  close(): void {
    this.cache.clear();
  }

  private shareWithVector(name: string): 'all' | 'some' | 'none' {
    const config = this.runtime.config();
    if (!spacesOf(config).some((space) => space.name === name)) return 'none';
    return hasNames(config) ? 'some' : 'all';
  }
}

function rowsOfIds(ids: readonly PointId[], { meta }: CollectionSnapshot): RoaringBitmap32 {
  const rows = new RoaringBitmap32();
  for (const id of ids) {
    const row = meta.rowOf(id);
    if (row !== undefined) rows.add(row);
  }
  return rows;
}
