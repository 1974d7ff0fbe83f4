// What service-load.ts measures, twice: a collection behind HTTP, and one of the library in this process, each by the
// same few calls. Both without merges of their own accord, so that neither works on something else meanwhile.
import { setTimeout } from 'node:timers/promises';
import type { Collection, CollectionStatus } from '../src/index.js';
import type { HttpClient } from './http-client.js';
import type { LoadData } from './service-data.js';

export interface Target {
  search(at: number): Promise<unknown>;
  /** The queries of the batch that begins there. */
  searchBatch(first: number): Promise<unknown>;
  /** Ids of the nearest of each query of a batch, for a look at whether both answer the same. */
  found(first: number): Promise<number[][]>;
  upsert(vectors: Float32Array, firstId: number): Promise<unknown>;
  flush(): Promise<unknown>;
  status(): Promise<CollectionStatus>;
}

export const K = 10;
export const QUERIES = 500;
export const BATCH = 100;
export const NAME = 'load';

export interface Asked {
  data: LoadData;
  /** QUERIES of them. */
  queries: Float32Array;
}

type Answer = { points: { id: number }[] };

/** Over HTTP: bodies of searches are made before any clock runs, and answers are not parsed. */
export class ServiceTarget implements Target {
  readonly bodies: readonly Buffer[];
  private readonly batches: readonly Buffer[];

  constructor(
    readonly client: HttpClient,
    private readonly asked: Asked,
  ) {
    const searches = Array.from({ length: QUERIES }, (_, at) => queryOf(asked, at));
    this.bodies = searches.map((search) => Buffer.from(JSON.stringify(search)));
    this.batches = Array.from({ length: QUERIES / BATCH }, (_, at) =>
      Buffer.from(JSON.stringify({ searches: searches.slice(at * BATCH, (at + 1) * BATCH) })),
    );
  }

  search(at: number): Promise<unknown> {
    return this.send('POST', SEARCH, this.bodies[at % QUERIES] as Buffer);
  }

  searchBatch(first: number): Promise<unknown> {
    return this.send('POST', `${SEARCH}/batch`, this.batches[first / BATCH] as Buffer);
  }

  async found(first: number): Promise<number[][]> {
    const reply = await this.client.send('POST', `${SEARCH}/batch`, this.batches[first / BATCH]);
    return (this.client.expect(reply, 'batch') as Answer[]).map(({ points }) => points.map(({ id }) => id));
  }

  /** As typed rows. */
  async upsert(vectors: Float32Array, firstId: number): Promise<void> {
    const path = `/vamana/collections/${NAME}/points`;
    await this.send('POST', path, this.asked.data.binary(vectors, firstId), 'application/octet-stream');
  }

  flush(): Promise<unknown> {
    return this.client.call('POST', `/vamana/collections/${NAME}/flush`);
  }

  async status(): Promise<CollectionStatus> {
    return (await this.client.call('GET', `/vamana/collections/${NAME}/status`)) as CollectionStatus;
  }

  async send(method: string, path: string, body: Buffer, type?: string): Promise<void> {
    const { status, body: answer } = await this.client.send(method, path, body, type);
    if (status !== 200) throw new Error(`${path}: ${status} ${answer.toString('utf8', 0, 500)}`);
  }
}

export class LibraryTarget implements Target {
  constructor(
    private readonly collection: Collection,
    private readonly asked: Asked,
  ) {}

  search(at: number): Promise<unknown> {
    const { data, queries } = this.asked;
    return this.collection.search(data.row(queries, at % QUERIES), { k: K });
  }

  searchBatch(first: number): ReturnType<Collection['searchBatch']> {
    const { dim } = this.asked.data;
    return this.collection.searchBatch(this.asked.queries.subarray(first * dim, (first + BATCH) * dim), { k: K });
  }

  async found(first: number): Promise<number[][]> {
    return (await this.searchBatch(first)).map((points) => points.map(({ id }) => Number(id)));
  }

  upsert(vectors: Float32Array, firstId: number): Promise<unknown> {
    const { data } = this.asked;
    const rows = vectors.length / data.dim;
    const points = Array.from({ length: rows }, (_, at) => ({ id: firstId + at, vector: data.row(vectors, at) }));
    return this.collection.upsert(points);
  }

  flush(): Promise<void> {
    return this.collection.flush();
  }

  async status(): Promise<CollectionStatus> {
    return this.collection.status();
  }
}

const SEARCH = `/collections/${NAME}/points/query`;
const LOOK_MS = 100;
const SETTLE_MS = 120_000;

/** Until nothing that was written is worked on any more. */
export async function settled(target: Target): Promise<void> {
  const endMs = performance.now() + SETTLE_MS;
  for (;;) {
    const { unlinkedRows, flushing } = await target.status();
    if (unlinkedRows === 0 && flushing === 0) return;
    if (performance.now() > endMs) throw new Error(`${unlinkedRows} rows are not linked after ${SETTLE_MS} ms`);
    await setTimeout(LOOK_MS);
  }
}

export function queryOf({ data, queries }: Asked, at: number): { query: number[]; limit: number } {
  return { query: Array.from(data.row(queries, at)), limit: K };
}
