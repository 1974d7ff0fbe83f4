// A data set as the benchmark of the lifecycle uses it: rows of the file are points, under their row's number as id, and
// what lives at a time is a range of them, so that true neighbours are a scan of the file. Recall counts by distance,
// ties included: a point is right that is no farther than the last true one.
import { loadNative } from '../../src/binding.js';
import type { Collection, CollectionOptions, PointInput, ScoredPoint } from '../../src/index.js';
import { oncePossible } from '../../src/rebuild/once-possible.js';
import { bytesOf } from '../../src/source/formats.js';
import type { DataSet } from '../data-sets.js';
import { distanceOf, type ElementData, loadVectors, rowOf, type Vectors, withSlack } from '../vectors.js';
import { queryAt } from './paced-searches.js';

const K = 10;
const BATCH = 250;
const IN_FLIGHT = 4;

/** Waits where an open loop beside it has filled the queue of searches. */
function searchInTurn(collection: Collection, query: ElementData, listSize: number): Promise<ScoredPoint[]> {
  return oncePossible(() => collection.search(query, { k: K, listSize }), Number.POSITIVE_INFINITY);
}

export class SetRows {
  private constructor(
    private readonly base: Vectors,
    readonly queries: Vectors,
    private readonly metric: DataSet['metric'],
  ) {}

  /** The first `rows` rows, and all queries. */
  static async load(
    { base, queries, metric }: Pick<DataSet, 'base' | 'queries' | 'metric'>,
    rows: number,
  ): Promise<SetRows> {
    const [found, asked] = await Promise.all([loadVectors(base, rows), loadVectors(queries)]);
    if (found.rows < rows) throw new Error(`${base} has ${found.rows} rows, ${rows} are needed`);
    if (found.element === asked.element) return new SetRows(found, asked, metric);
    throw new Error(`${base} holds ${found.element} and ${queries} ${asked.element}: convert one of them`);
  }

  get bytes(): number {
    return this.base.data.byteLength + this.queries.data.byteLength;
  }

  /** Of a collection that can hold them. */
  get collection(): Pick<CollectionOptions, 'dim' | 'element' | 'metric'> {
    return { dim: this.base.dim, element: this.base.element, metric: this.metric };
  }

  /** Rows [from, to) into the collection. */
  async insert(collection: Collection, from: number, to: number): Promise<void> {
    await collection.import(this.points(from, to), { batchPoints: BATCH, inFlight: IN_FLIGHT });
  }

  async remove(collection: Collection, from: number, to: number): Promise<void> {
    for (let first = from; first < to; first += BATCH) {
      const count = Math.min(BATCH, to - first);
      await collection.delete(Array.from({ length: count }, (_, at) => first + at));
    }
  }

  /** Of the first `count` queries, where rows [from, to) live: the distances of the last true neighbours. */
  async truth(from: number, to: number, count: number, threads: number): Promise<Float64Array> {
    const { dim, element, data } = this.base;
    const queries = bytesOf(this.queries.data.subarray(0, count * dim));
    const scan = loadNative().createExactScan(this.metric, element, dim, queries, count, K, threads);
    try {
      await scan.add(bytesOf(data.subarray(from * dim, to * dim)), to - from, from);
      const { rows } = scan.result();
      return Float64Array.from({ length: count }, (_, at) => this.distance(at, rows[at * K + K - 1] as number));
    } finally {
      scan.close();
    }
  }

  /** Recall@10 of what is found at a list size, against what truth() gave for as many queries. */
  async recall(collection: Collection, truth: Float64Array, listSize: number): Promise<number> {
    let right = 0;
    for (const [at, limit] of truth.entries()) {
      const found = await searchInTurn(collection, queryAt(this.queries, at), listSize);
      right += found.filter(({ id }) => this.distance(at, Number(id)) <= withSlack(limit)).length;
    }
    return right / (truth.length * K);
  }

  private distance(query: number, row: number): number {
    return distanceOf(this.metric)(this.queries, query, this.base, row);
  }

  private *points(from: number, to: number): Generator<PointInput> {
    for (let row = from; row < to; row += 1) {
      yield { id: row, vector: rowOf(this.base, row), payload: { row, set: row % 100 } };
    }
  }
}
