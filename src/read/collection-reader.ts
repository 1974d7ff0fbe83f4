// All that reads a collection: each call takes one snapshot, and filter, search and payloads are of that. Called by
// Collection, which adds the writing half.
import { loadNative, type NativeStore } from '../binding.js';
import type { CollectionConfig } from '../config/collection-config.js';
import { baseOf, hasNames, requireModel, type Space, spaceOf, spacesOf } from '../config/spaces.js';
import { VamanaError } from '../errors.js';
import type { Matcher } from '../filter/match-filter.js';
import type { NumberedRow } from '../field/number-index.js';
import type { FacetHit } from '../field/value-index.js';
import { hasVectorIn } from '../meta/meta-tables.js';
import { parsePointId } from '../meta/point-id.js';
import { parsePath } from '../payload/payload-path.js';
import { type PayloadSelection, parseSelection } from '../payload/payload-selection.js';
import type { PointId, PointIdInput } from '../payload/point.js';
import { cancellable } from '../segment/cancellable.js';
import { loopTurns } from '../segment/loop-turns.js';
import { createQueryBatch, type QueryVectors } from '../segment/query-batch.js';
import { elementBytes } from '../source/formats.js';
import type { SpaceVector } from '../wal/wal-op.js';
import type { CollectionSnapshot, SnapshotCell } from '../snapshot/collection-snapshot.js';
import { assemblePoints, type NamedReader, type Point, type PointOptions, type VectorReader } from './assemble.js';
import type { FieldSource } from './field-source.js';
import { Filters, type ParsedFilter } from './filters.js';
import { groupPoints, type PointGroup } from './group-points.js';
import { hydrate, type ScoredPoint } from './hydrate.js';
import { Latencies } from './latencies.js';
import { facetOf, orderedRows } from './by-field.js';
import type {
  CollectionScrollOptions,
  CollectionSearchOptions,
  FacetOptions,
  FilterOptions,
  GroupSearchOptions,
  OrderedOptions,
  ReadOptions,
} from './read-options.js';
import { PREFIX_CANDIDATES, prefixQueries, rankByBase } from './rank-by-base.js';
import { retrieve } from './retrieve.js';
import type { RowSet } from './row-set-cache.js';
import { type ScrollPage, type ScrollView, scroll, scrollPage } from './scroll.js';
import { explain, runSearch, type SearchExplanation, type SearchRun } from './search-runner.js';

export interface ReaderRoot {
  /** As it is now. */
  config(): CollectionConfig;
  snapshots: SnapshotCell;
  /** Of the vector space of that number. */
  storeOf(space: number): NativeStore;
  fields: FieldSource;
  filterScanRows: number;
}

/** What a search found, and how. */
export interface ExplainedSearch {
  points: ScoredPoint[];
  plan: SearchExplanation;
}

/** A point, and the number by which it stands where it does. */
export interface OrderedPoint extends Point {
  orderValue: number;
}

const RECENT_QUERIES = 128;
const FACETS_DEFAULT = 10;
const GROUPS_DEFAULT = 10;
const GROUP_SIZE_DEFAULT = 3;

export class CollectionReader {
  private readonly filters: Filters;
  readonly latencies = new Latencies();
  /** By the numbers of the spaces that were asked. */
  private readonly recent = new Map<number, RecentQueries>();

  constructor(private readonly root: ReaderRoot) {
    const { fields, config, filterScanRows } = root;
    this.filters = new Filters({ config, fields, ids: { strings: config().stringIds }, scanRowsMax: filterScanRows });
  }

  /** One query; INVALID_ARGUMENT when there are more. */
  async search(query: QueryVectors | readonly number[], options: CollectionSearchOptions): Promise<ScoredPoint[]> {
    return onlyOne(await this.searchBatch(vectorsOf(query), options));
  }

  searchBatch(queries: QueryVectors, options: CollectionSearchOptions): Promise<ScoredPoint[][]> {
    return this.run(queries, options, false, (_snapshot, _rows, points) => points);
  }

  /** One query, and how its answer was found. */
  explain(query: QueryVectors | readonly number[], options: CollectionSearchOptions): Promise<ExplainedSearch> {
    return this.run(vectorsOf(query), options, true, (snapshot, rows, points, { hits }) => ({
      points: onlyOne(points),
      plan: explain(snapshot, rows, hits),
    }));
  }

  /** The nearest points of each of the nearest groups. */
  searchGroups(query: QueryVectors | readonly number[], options: GroupSearchOptions): Promise<PointGroup[]> {
    const { groupBy, limit = GROUPS_DEFAULT, groupSize = GROUP_SIZE_DEFAULT, withPayload, ...search } = options;
    const path = parsePath(groupBy);
    const shown = parseSelection(withPayload ?? false);
    const pointsMax = Math.min(Math.max(1, this.count()), loadNative().constants.maxK);
    const nearest = (k: number): Promise<ScoredPoint[]> => this.search(query, { ...search, k, withPayload: true });
    return groupPoints(nearest, { path, limit, groupSize, pointsMax, shown });
  }

  async retrieve(ids: readonly PointIdInput[], options: ReadOptions): Promise<Point[]> {
    const parsed = ids.map((id) => this.parseId(id));
    const selection = parseSelection(options.withPayload ?? true);
    return this.withSnapshot((snapshot) =>
      retrieve(snapshot.meta, parsed, this.pointOptions(snapshot, selection, options.withVector)),
    );
  }

  scroll(options: CollectionScrollOptions): AsyncGenerator<Point, void> {
    const { from, filter, signal, withVector } = options;
    const parsed = filter === undefined ? undefined : this.filters.parse(filter);
    return scroll(() => this.view(parsed, signal, withVector), {
      payload: parseSelection(options.withPayload ?? true),
      ...(isWanted(withVector) ? { withVectors: true } : {}),
      ...(from === undefined ? {} : { start: this.parseId(from) }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async scrollPage(limit: number, options: CollectionScrollOptions): Promise<ScrollPage> {
    const selection = parseSelection(options.withPayload ?? true);
    const start = options.from === undefined ? undefined : this.parseId(options.from);
    const parsed = options.filter === undefined ? undefined : this.filters.parse(options.filter);
    return this.withRows(parsed, options.signal, (snapshot, rows) =>
      scrollPage(snapshot.meta, start, limit, {
        ...this.pointOptions(snapshot, selection, options.withVector),
        ...(rows === null ? {} : { within: rows.rows }),
      }),
    );
  }

  /** Values of a field with the number of points that have each, most first. */
  facet(key: string, { filter, limit = FACETS_DEFAULT, signal }: FacetOptions): Promise<FacetHit[]> {
    const parsed = filter === undefined ? undefined : this.filters.parse(filter);
    const { fields } = this.root;
    return this.withRows(parsed, signal, (_snapshot, rows) =>
      facetOf(fields, key, rows?.rows ?? null, { limit, signal }),
    );
  }

  /** Points in the order of a field, each with the number by which it stands there. */
  async orderedPoints(limit: number, options: OrderedOptions): Promise<OrderedPoint[]> {
    const selection = parseSelection(options.withPayload ?? true);
    const parsed = options.filter === undefined ? undefined : this.filters.parse(options.filter);
    return this.withRows(parsed, options.signal, async (snapshot, rows) => {
      // The index stands at a record that may be later than the snapshot.
      const accepts = (row: number): boolean => snapshot.meta.recordOf(row) !== undefined;
      const found = await orderedRows(this.root.fields, { rows: rows?.rows ?? null, accepts }, limit, options);
      const numbers = Uint32Array.from(found, ({ row }) => row);
      const pointOptions = this.pointOptions(snapshot, selection, options.withVector);
      const points = await assemblePoints(snapshot.meta, numbers, pointOptions);
      return points.map((point, at) => ({ ...point, orderValue: (found[at] as NumberedRow).value }));
    });
  }

  /** Points that match. */
  countWhere(filter: unknown, { signal }: FilterOptions): Promise<number> {
    return this.withRows(this.filters.parse(filter), signal, async (_snapshot, rows) => rows?.count ?? this.count());
  }

  /** Whether a point matches, by itself alone; and whether it has to be told which vectors the point has. */
  matcherOf(filter: unknown): { matches: Matcher; asksForVectors: boolean } {
    const parsed = this.filters.parse(filter);
    return { matches: this.filters.matcher(parsed), asksForVectors: this.filters.asksForVectors(parsed) };
  }

  /** Points, of the last batch that was acknowledged. */
  count(): number {
    return this.root.snapshots.peek().meta.count;
  }

  /** Some of the queries that a space was asked last, packed, in its element type. */
  recentQueries(space: number): { bytes: Uint8Array; count: number } {
    const { queries } = this.recent.get(space) ?? { queries: [] };
    return { bytes: Buffer.concat(queries), count: queries.length };
  }

  /** Vectors of rows as the last published record left them, all that each has. */
  async readVectors(rows: readonly number[]): Promise<Map<number, SpaceVector[]>> {
    return this.withSnapshot(async (snapshot) => {
      const stored = new Map(rows.map((row) => [row, [] as SpaceVector[]]));
      const records = snapshot.meta.recordsOf(rows);
      for (const { number, dim, element } of spacesOf(this.root.config())) {
        const own = rows.filter((_, at) => hasVectorIn(records[at] ?? NO_VECTORS, number));
        if (own.length === 0) continue;
        const { found, vectors } = await snapshot.native(number).fetch(Uint32Array.from(own));
        const size = dim * elementBytes(element);
        for (const [at, row] of own.entries()) {
          const bytes = vectors.subarray(at * size, (at + 1) * size);
          if (found[at] === 1) stored.get(row)?.push({ space: number, bytes });
        }
      }
      return stored;
    });
  }

  /** To be called once no search is begun any more. */
  close(): void {
    this.filters.close();
  }

  private async run<T>(
    queries: QueryVectors,
    options: CollectionSearchOptions,
    costs: boolean,
    answer: (snapshot: CollectionSnapshot, rows: RowSet | null, points: ScoredPoint[][], run: SearchRun) => T,
  ): Promise<T> {
    const space = spaceOf(this.root.config(), options.using);
    requireModel(space, options.model);
    // A prefix is asked by whole vectors; every one is looked at where its vectors are.
    const base = baseOf(this.root.config(), space);
    const { bytes, count } = createQueryBatch(queries, base);
    if (count > 0) this.remember(base.number, bytes.slice(0, bytes.length / count));
    const parsed = options.filter === undefined ? undefined : this.filters.parse(options.filter);
    const selection = parseSelection(options.withPayload ?? false);
    const turn = loopTurns.next();
    if (turn !== undefined) await turn;
    const began = performance.now();
    return this.withRows(parsed, options.signal, async (snapshot, rows) => {
      if (rows !== null) options.onFiltered?.(performance.now() - began);
      if (count === 0) return answer(snapshot, rows, [], NO_RUN);
      const found = await this.find(snapshot, { bytes, count }, options, { rows, costs, space, base });
      this.latencies.add(performance.now() - began);
      const pointOptions = this.pointOptions(snapshot, selection, options.withVector);
      return answer(snapshot, rows, await hydrate(snapshot.meta, found.hits, found.k, pointOptions), found);
    });
  }

  /** What is found in a space; in one that is a prefix, ranked on the whole vectors. */
  private async find(
    snapshot: CollectionSnapshot,
    queries: { bytes: Uint8Array; count: number },
    options: CollectionSearchOptions,
    { rows, costs, space, base }: { rows: RowSet | null; costs: boolean; space: Space; base: Space },
  ): Promise<SearchRun> {
    const asked = space === base || options.exact === true ? base : space;
    const where = { rows, costs, space: asked.number, store: this.root.storeOf(asked.number) };
    if (asked === base) return runSearch(snapshot, queries, options, where);
    const { defaults, maxK } = loadNative().constants;
    const { k = defaults.k, listSize = defaults.listSize } = options;
    const wider = Math.min(maxK, PREFIX_CANDIDATES * k);
    const short = { bytes: prefixQueries(queries, base, space.dim), count: queries.count };
    const found = await runSearch(snapshot, short, { ...options, k: wider, listSize: Math.max(listSize, wider) }, where);
    const fetch: VectorReader['fetch'] = (wanted) => snapshot.native(base.number).fetch(wanted);
    return { hits: { ...found.hits, ...(await rankByBase(queries, found.hits, k, base, fetch)) }, k };
  }

  private remember(space: number, query: Uint8Array): void {
    const { queries, asked } = this.recent.get(space) ?? { queries: [], asked: 0 };
    queries[asked % RECENT_QUERIES] = query;
    this.recent.set(space, { queries, asked: asked + 1 });
  }

  private async withSnapshot<T>(work: (snapshot: CollectionSnapshot) => Promise<T>): Promise<T> {
    const snapshot = this.root.snapshots.acquire();
    try {
      return await work(snapshot);
    } finally {
      snapshot.release();
    }
  }

  /** `rows` is null where there is no filter. */
  private withRows<T>(
    filter: ParsedFilter | undefined,
    signal: AbortSignal | undefined,
    work: (snapshot: CollectionSnapshot, rows: RowSet | null) => Promise<T>,
  ): Promise<T> {
    return this.withSnapshot(async (snapshot) => {
      if (filter === undefined) return work(snapshot, null);
      return work(snapshot, await this.filters.rowsOf(filter, snapshot, signal));
    });
  }

  private async view(
    filter: ParsedFilter | undefined,
    signal: AbortSignal | undefined,
    withVector: ReadOptions['withVector'],
  ): Promise<ScrollView> {
    const snapshot = this.root.snapshots.acquire();
    try {
      const vectors = this.vectorReaders(snapshot, withVector);
      const view = { meta: snapshot.meta, vectors, release: () => snapshot.release() };
      if (filter === undefined) return view;
      return { ...view, within: (await this.filters.rowsOf(filter, snapshot, signal)).rows };
    } catch (error) {
      snapshot.release();
      throw error;
    }
  }

  private parseId(id: PointIdInput): PointId {
    return parsePointId(id, { strings: this.root.config().stringIds });
  }

  private pointOptions(
    snapshot: CollectionSnapshot,
    payload: PayloadSelection,
    withVector: ReadOptions['withVector'],
  ): PointOptions {
    return { payload, ...this.vectorReaders(snapshot, withVector) };
  }

  /** Of the vectors that answers shall hold. INVALID_ARGUMENT for names that there are none of. */
  private vectorReaders(
    snapshot: CollectionSnapshot,
    withVector: ReadOptions['withVector'],
  ): Pick<PointOptions, 'vectors' | 'named'> {
    if (!isWanted(withVector)) return {};
    const config = this.root.config();
    const spaces = withVector === true ? spacesOf(config) : withVector.map((name) => spaceOf(config, name));
    const readers = spaces.map(({ name, number, dim, element }): NamedReader => {
      const fetch: VectorReader['fetch'] = (rows) =>
        cancellable(loadNative(), undefined, () => snapshot.native(number).fetch(rows));
      return { name, number, dim, element, fetch };
    });
    return hasNames(config) ? { named: readers } : { vectors: readers[0] as VectorReader };
  }
}

interface RecentQueries {
  queries: Uint8Array[];
  asked: number;
}

const NO_VECTORS = { spaces: [] };

function isWanted(withVector: ReadOptions['withVector']): withVector is true | readonly string[] {
  return withVector === true || (Array.isArray(withVector) && withVector.length > 0);
}

const NO_RUN: SearchRun = { hits: { rows: new Uint32Array(), distances: new Float32Array() }, k: 1 };

function vectorsOf(query: QueryVectors | readonly number[]): QueryVectors {
  return Array.isArray(query) ? Float32Array.from(query) : (query as QueryVectors);
}

function onlyOne(found: readonly ScoredPoint[][]): ScoredPoint[] {
  const [first] = found;
  if (found.length === 1 && first !== undefined) return first;
  const message = `found ${found.length} queries, expected one; use searchBatch for more`;
  throw new VamanaError('INVALID_ARGUMENT', message);
}
