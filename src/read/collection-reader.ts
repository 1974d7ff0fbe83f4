// All that reads a collection: each call takes one snapshot, and vectors, metadata and payloads are of that. Called by
// Collection, which adds the writing half.
import { loadNative } from '../binding.js';
import type { CollectionConfig } from '../config/collection-config.js';
import { VamanaError } from '../errors.js';
import { parsePointId } from '../meta/point-id.js';
import { type PayloadSelection, parseSelection } from '../payload/payload-selection.js';
import type { PointId, PointIdInput } from '../payload/point.js';
import { cancellable } from '../segment/cancellable.js';
import { loopTurns } from '../segment/loop-turns.js';
import { rerankDepth, wantsEstimates } from '../segment/open-index.js';
import { createQueryBatch, type QueryVectors } from '../segment/query-batch.js';
import type { CollectionSnapshot, SnapshotCell } from '../snapshot/collection-snapshot.js';
import type { Point, PointOptions, VectorReader } from './assemble.js';
import { hydrate, type ScoredPoint } from './hydrate.js';
import type { CollectionScrollOptions, CollectionSearchOptions, ReadOptions } from './read-options.js';
import { retrieve } from './retrieve.js';
import { type ScrollPage, type ScrollView, scroll, scrollPage } from './scroll.js';

export interface ReaderRoot {
  config: CollectionConfig;
  snapshots: SnapshotCell;
}

export class CollectionReader {
  constructor(private readonly root: ReaderRoot) {}

  /** One query; INVALID_ARGUMENT when there are more. */
  async search(query: QueryVectors | readonly number[], options: CollectionSearchOptions): Promise<ScoredPoint[]> {
    const vectors = Array.isArray(query) ? Float32Array.from(query) : (query as QueryVectors);
    const points = await this.searchBatch(vectors, options);
    const [first] = points;
    if (points.length === 1 && first !== undefined) return first;
    const found = `found ${points.length} queries, expected one; use searchBatch for more`;
    throw new VamanaError('INVALID_ARGUMENT', found);
  }

  async searchBatch(queries: QueryVectors, options: CollectionSearchOptions): Promise<ScoredPoint[][]> {
    const { bytes, count } = createQueryBatch(queries, this.root.config);
    if (count === 0) return [];
    const native = loadNative();
    const { defaults } = native.constants;
    const { k = defaults.k, listSize = defaults.listSize, exact = false, signal } = options;
    const params = {
      k,
      listSize,
      rerank: rerankDepth(options.rerank),
      exact,
      approximate: wantsEstimates(options.scores),
      costs: false,
    };
    const selection = parseSelection(options.withPayload ?? false);
    const turn = loopTurns.next();
    if (turn !== undefined) await turn;
    return this.withSnapshot(async (snapshot) => {
      const hits = await cancellable(native, signal, (cancel) => snapshot.native.search(bytes, count, params, cancel));
      return hydrate(snapshot.meta, hits, k, this.pointOptions(snapshot, selection, options.withVector));
    });
  }

  async retrieve(ids: readonly PointIdInput[], options: ReadOptions): Promise<Point[]> {
    const parsed = ids.map((id) => this.parseId(id));
    const selection = parseSelection(options.withPayload ?? true);
    return this.withSnapshot((snapshot) =>
      retrieve(snapshot.meta, parsed, this.pointOptions(snapshot, selection, options.withVector)),
    );
  }

  scroll(options: CollectionScrollOptions): AsyncGenerator<Point, void> {
    const { from, signal, withVector } = options;
    return scroll(() => this.view(), {
      payload: parseSelection(options.withPayload ?? true),
      ...(withVector === undefined ? {} : { withVectors: withVector }),
      ...(from === undefined ? {} : { start: this.parseId(from) }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async scrollPage(limit: number, options: CollectionScrollOptions): Promise<ScrollPage> {
    const selection = parseSelection(options.withPayload ?? true);
    const start = options.from === undefined ? undefined : this.parseId(options.from);
    return this.withSnapshot((snapshot) =>
      scrollPage(snapshot.meta, start, limit, this.pointOptions(snapshot, selection, options.withVector)),
    );
  }

  /** Points, of the last batch that was acknowledged. */
  count(): number {
    return this.root.snapshots.peek().meta.count;
  }

  private async withSnapshot<T>(work: (snapshot: CollectionSnapshot) => Promise<T>): Promise<T> {
    const snapshot = this.root.snapshots.acquire();
    try {
      return await work(snapshot);
    } finally {
      snapshot.release();
    }
  }

  private view(): ScrollView {
    const snapshot = this.root.snapshots.acquire();
    return { meta: snapshot.meta, vectors: this.vectorReader(snapshot), release: () => snapshot.release() };
  }

  private parseId(id: PointIdInput): PointId {
    return parsePointId(id, { strings: this.root.config.stringIds });
  }

  private pointOptions(
    snapshot: CollectionSnapshot,
    payload: PayloadSelection,
    withVector: boolean | undefined,
  ): PointOptions {
    return withVector === true ? { payload, vectors: this.vectorReader(snapshot) } : { payload };
  }

  private vectorReader({ native }: CollectionSnapshot): VectorReader {
    const { dim, element } = this.root.config;
    return { dim, element, fetch: (rows) => cancellable(loadNative(), undefined, () => native.fetch(rows)) };
  }
}
