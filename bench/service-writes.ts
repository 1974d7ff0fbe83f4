// The writes of service-load.ts: bursts into a collection that is made for each and dropped, as JSON (1000 rows a
// request) and as typed rows (one request); batches for some seconds; and bodies of many megabytes.
import type { LoadData } from './service-data.js';
import { IN_FLIGHT, inParallel, median, secondsOf } from './service-searches.js';
import { type Asked, QUERIES, queryOf, type ServiceTarget } from './service-target.js';

const BURST = 'burst';

export interface Batch {
  vectors: Float32Array;
  firstId: number;
}

export function batchesOf(base: Float32Array, dim: number, rows: number): Batch[] {
  return Array.from({ length: Math.ceil(base.length / dim / rows) }, (_, at) => ({
    vectors: base.subarray(at * rows * dim, (at + 1) * rows * dim),
    firstId: at * rows,
  }));
}

/** Rows a second, of a collection that `write` fills. */
export async function burst(
  { client }: ServiceTarget,
  { rows, dim, rounds }: { rows: number; dim: number; rounds: number },
  write: () => Promise<unknown>,
): Promise<number> {
  const found: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await client.call('PUT', `/collections/${BURST}`, { vectors: { size: dim, distance: 'Euclid' } });
    found.push(rows / (await secondsOf(write)));
    await client.call('DELETE', `/collections/${BURST}`);
  }
  return median(found);
}

export function sendJson(target: ServiceTarget, bodies: readonly Buffer[]): Promise<void> {
  return inParallel(bodies, (body) => target.send('PUT', `/collections/${BURST}/points?wait=true`, body));
}

export function sendTyped(target: ServiceTarget, body: Buffer): Promise<void> {
  return target.send('POST', `/vamana/collections/${BURST}/points`, body, 'application/octet-stream');
}

/** IN_FLIGHT at once, begun for so many seconds and waited for. */
export async function callsASecond(call: () => Promise<unknown>, seconds: number): Promise<number> {
  let calls = 0;
  const startMs = performance.now();
  const caller = async (): Promise<void> => {
    while (performance.now() - startMs < seconds * 1000) {
      await call();
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  return (calls * 1000) / (performance.now() - startMs);
}

export function largeUpsert(data: LoadData, bytes: number, firstId: number): Buffer {
  const rowBytes = data.json(data.vectors(100), firstId).length / 100;
  return data.json(data.vectors(Math.floor(bytes / rowBytes)), firstId);
}

/** As many queries as a request may have; the rest is white space, which is read like all else. */
export function largeQueries(asked: Asked, bytes: number): Buffer {
  const searches = Array.from({ length: 2 * QUERIES }, (_, at) => queryOf(asked, at % QUERIES));
  const text = JSON.stringify({ searches });
  return Buffer.from(text + ' '.repeat(Math.max(0, bytes - text.length)));
}
