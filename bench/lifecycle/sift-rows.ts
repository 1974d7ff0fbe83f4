// The SIFT set as the benchmark of the lifecycle uses it: rows of the file are points, under their row's number as id,
// and what lives at a time is a range of them, so that true neighbours are a scan of the file. Recall counts by
// distance, ties included: a point is right that is no farther than the last true one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadNative } from '../../src/binding.js';
import type { Collection, PointInput, ScoredPoint } from '../../src/index.js';
import { oncePossible } from '../../src/rebuild/once-possible.js';
import { type Queries, queryAt } from './paced-searches.js';

export const DIM = 128;
const HEADER = 8;
const K = 10;
const BATCH = 250;
const IN_FLIGHT = 4;

/** Waits where an open loop beside it has filled the queue of searches. */
function searchInTurn(collection: Collection, query: Uint8Array, listSize: number): Promise<ScoredPoint[]> {
  return oncePossible(() => collection.search(query, { k: K, listSize }), Number.POSITIVE_INFINITY);
}

export class SiftRows {
  private constructor(
    private readonly base: Uint8Array,
    readonly queries: Queries,
  ) {}

  static load(folder: string): SiftRows {
    const base = readFileSync(join(folder, 'photo-sift-1m.base.u8bin')).subarray(HEADER);
    const bytes = readFileSync(join(folder, 'photo-sift-1m.query.u8bin')).subarray(HEADER);
    return new SiftRows(base, { bytes, dim: DIM, count: bytes.length / DIM });
  }

  get bytes(): number {
    return this.base.length + this.queries.bytes.length;
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

  /** Of the first `count` queries, where rows [from, to) live. */
  async truth(from: number, to: number, count: number, threads: number): Promise<Float32Array> {
    const queries = this.queries.bytes.subarray(0, count * DIM);
    const scan = loadNative().createExactScan('l2', 'u8', DIM, queries, count, K, threads);
    try {
      await scan.add(this.base.subarray(from * DIM, to * DIM), to - from, from);
      return scan.result().rows.length === 0 ? new Float32Array(0) : this.lastOf(scan.result().rows, count);
    } finally {
      scan.close();
    }
  }

  /** Recall@10 of what is found at a list size, against what truth() gave for as many queries. */
  async recall(collection: Collection, truth: Float32Array, listSize: number): Promise<number> {
    let right = 0;
    for (const [at, limit] of truth.entries()) {
      const query = queryAt(this.queries, at);
      const found = await searchInTurn(collection, query, listSize);
      right += found.filter(({ id }) => this.distance(query, Number(id)) <= limit).length;
    }
    return right / (truth.length * K);
  }

  // Each query's distance to the last of its true neighbours, in whole numbers.
  private lastOf(rows: Uint32Array, count: number): Float32Array {
    return Float32Array.from({ length: count }, (_, at) =>
      this.distance(queryAt(this.queries, at), rows[at * K + K - 1] as number),
    );
  }

  private distance(query: Uint8Array, row: number): number {
    let sum = 0;
    for (let at = 0; at < DIM; at += 1) {
      sum += ((query[at] as number) - (this.base[row * DIM + at] as number)) ** 2;
    }
    return sum;
  }

  private *points(from: number, to: number): Generator<PointInput> {
    for (let row = from; row < to; row += 1) {
      yield { id: row, vector: this.base.subarray(row * DIM, (row + 1) * DIM), payload: { row, set: row % 100 } };
    }
  }
}
