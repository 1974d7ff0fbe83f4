// Searching through the library, on the bundled samples: bytes (SIFT) and half floats (word vectors).
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { VamanaError } from '../errors.js';
import { NO_ROW } from '../limits.js';
import { halvesToFloats } from '../source/half.js';
import { readIds } from '../source/ids.js';
import { openVectorSource, readRows } from '../source/vector-source.js';
import { buildIndex } from './build-index.js';
import { openIndex, type VectorIndex } from './open-index.js';
import { missingDistances, tieAwareRecall } from './recall.js';

const sample = (name: string): string => fileURLToPath(new URL(`../../test/sample/${name}`, import.meta.url));
const QUICK = { degree: 24, buildList: 48, codeBytes: 16, threads: 1 };

let folder = '';
const sift = (): string => join(folder, 'sift');
const gloss = (): string => join(folder, 'gloss');
let queries = new Uint8Array();

async function load<T>(name: string): Promise<T> {
  const source = await openVectorSource(sample(name));
  const rows = await readRows(source);
  source.close();
  return rows as T;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vamana-test-'));
  await buildIndex({ data: sample('sift-4k.base.u8bin'), index: sift(), ...QUICK });
  await buildIndex({ data: sample('gloss-4k.base.f16.npy'), index: gloss(), metric: 'cosine', ...QUICK });
  queries = await load('sift-4k.query.u8bin');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('VectorIndex.search', () => {
  let index: VectorIndex;
  beforeEach(async () => {
    index = await openIndex(sift(), { threads: 1 });
    return () => index.close();
  });

  it('finds nearly all true neighbours, and all of them by an exact scan', async () => {
    const truth = await readIds(sample('sift-4k.gt100.ivecs'));
    for (const [options, least] of [
      [{ listSize: 100 }, 0.95],
      [{ exact: true }, 1],
    ] as const) {
      const { rows, distances, count, k } = await index.search(queries, options);
      const input = { rows, distances, count, k, noRow: NO_ROW, truth: truth.ids, truthWidth: truth.k };
      const missing = missingDistances(input);
      const wanted = missing.map(({ query }) => queries.subarray(query * 128, (query + 1) * 128));
      const exact = await index.distancesToRows(
        Uint8Array.from(wanted.flatMap((query) => [...query])),
        Uint32Array.from(missing, ({ row }) => row),
      );
      const kth = new Map(missing.map(({ query }, at) => [query, exact[at] ?? Number.NaN]));
      expect(tieAwareRecall(input, kth)).toBeGreaterThanOrEqual(least);
    }
  });

  it('gives the same for floats as for bytes, and for one query as for many', async () => {
    const all = await index.search(queries, { k: 3 });
    expect(all).toMatchObject({ count: queries.length / 128, k: 3 });
    expect(await index.search(Float32Array.from(queries), { k: 3 })).toEqual(all);
    const third = await index.search(queries.subarray(2 * 128, 3 * 128), { k: 3 });
    expect(third.rows).toEqual(all.rows.subarray(6, 9));
    expect(third.distances).toEqual(all.distances.subarray(6, 9));
  });

  it('fills in the defaults', async () => {
    const { costs, k, rows } = await index.search(queries.subarray(0, 128), { costs: true });
    expect(k).toBe(10);
    expect(rows).toHaveLength(10);
    expect(costs?.reranked[0]).toBeGreaterThanOrEqual(10);
    expect(costs?.reranked[0]).toBeLessThan(64);
    const { costs: deeper } = await index.search(queries.subarray(0, 128), { costs: true, rerank: 40 });
    expect(deeper?.reranked).toEqual(Uint32Array.of(40));
  });

  it('takes explicit undefined as left out', async () => {
    const options = { k: undefined, rerank: undefined, signal: undefined } as unknown as { k: number };
    expect((await index.search(queries.subarray(0, 128), options)).k).toBe(10);
  });

  it('pads when the index has fewer rows than k', async () => {
    const { rows, distances } = await index.search(queries.subarray(0, 128), { k: 4005, exact: true });
    expect([...rows.subarray(4000)]).toEqual(Array(5).fill(NO_ROW));
    expect([...distances.subarray(4000)]).toEqual(Array(5).fill(Number.POSITIVE_INFINITY));
  });

  it.each([
    [{ k: 0 }, 'options.k: found 0, expected a whole number from 1 to'],
    [{ k: 2.5 }, 'options.k: found 2.5'],
    [{ listSize: 0 }, 'options.listSize: found 0'],
    [{ rerank: 0 }, "options.rerank: found 0, expected 'auto' or a whole number of at least 1"],
    [{ rerank: 'all' as 'auto' }, "options.rerank: found all, expected 'auto'"],
    [{ exact: 'yes' as unknown as boolean }, 'options.exact: found the string "yes", expected true or false'],
  ])('refuses %o', async (options, message) => {
    const searching = index.search(queries.subarray(0, 128), options);
    await expect(searching).rejects.toBeInstanceOf(VamanaError);
    await expect(searching).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });

  it('rejects, and does not throw, for queries it cannot use', async () => {
    await expect(index.search(new Float32Array(128).fill(Number.NaN))).rejects.toMatchObject({ code: 'NOT_FINITE' });
    await expect(index.search(new Float32Array(100))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(index.search(new Float32Array())).rejects.toThrow('queries: found none, expected at least one');
    await expect(index.distancesToRows(queries.subarray(0, 256), Uint32Array.of(1))).rejects.toThrow(
      'rows: found 1, expected 2, one for each query',
    );
  });

  it('is aborted before and midway', async () => {
    await expect(index.search(queries, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    const controller = new AbortController();
    const many = new Uint8Array(100_000 * 128);
    const searching = index.search(many, { exact: true, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 10);
    await expect(searching).rejects.toMatchObject({
      code: 'ABORTED',
      message: 'the call was cancelled by its signal: enough',
    });
    await expect(index.search(many, { exact: true, signal: AbortSignal.timeout(10) })).rejects.toMatchObject({
      code: 'ABORTED',
      cause: { name: 'TimeoutError' },
    });
  });

  it('uses the page cache the second time', async () => {
    await index.search(queries);
    await index.search(queries);
    const { cache, memory, threads, io } = index.stats();
    expect(cache.hits).toBeGreaterThan(0);
    expect(memory.cache).toBe(cache.usedBytes);
    expect(memory.graph).toBeGreaterThan(0);
    expect(threads).toBe(1);
    expect(['uring', 'pread', 'mmap']).toContain(io.kind);
  });
});

describe('an index of half floats', () => {
  it('takes floats and half-float bits', async () => {
    const halves = await load<Uint16Array>('gloss-4k.query.f16.npy');
    await using index = await openIndex(gloss(), { threads: 1, cacheBytes: 0 });
    expect(index.info).toMatchObject({ element: 'f16', metric: 'cosine', rows: 4000 });
    const byBits = await index.search(halves, { k: 5, exact: true });
    expect(await index.search(halvesToFloats(halves), { k: 5, exact: true })).toEqual(byBits);
    expect(byBits.distances.every((distance) => distance >= -1e-6 && distance <= 2)).toBe(true);
  });
});

describe('openIndex', () => {
  it.each(['uring', 'pread', 'mmap'] as const)('reads by %s, with the same results', async (io) => {
    const opened = await openIndex(sift(), { io, threads: 1 }).catch((error) => error as VamanaError);
    if (opened instanceof VamanaError) {
      expect(opened.code).toBe('UNSUPPORTED'); // io_uring is forbidden in many containers
      return;
    }
    expect(opened.stats().io.kind).toBe(io);
    await using plain = await openIndex(sift(), { threads: 2 });
    expect(await opened.search(queries)).toEqual(await plain.search(queries));
    await opened.close();
  });

  it('refuses folders that are no index and options that are none', async () => {
    await expect(openIndex(join(folder, 'absent'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(openIndex(folder)).rejects.toBeInstanceOf(VamanaError);
    await expect(openIndex(sift(), { threads: 0 })).rejects.toThrow('options.threads: found 0');
    await expect(openIndex(sift(), { io: 'libaio' as 'uring' })).rejects.toThrow(
      'options.io: found the string "libaio", expected one of "auto", "mmap", "uring", "pread"',
    );
    await expect(openIndex(undefined as unknown as string)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('VectorIndex.close', () => {
  it('may be called twice, and refuses everything afterwards', async () => {
    const index = await openIndex(sift(), { threads: 1 });
    await Promise.all([index.close(), index.close()]);
    await index.close();
    const closed = { name: 'VamanaError', code: 'CLOSED' };
    await expect(index.search(queries)).rejects.toMatchObject(closed);
    await expect(index.distancesToRows(queries, new Uint32Array(100))).rejects.toMatchObject(closed);
    expect(() => index.stats()).toThrowError(expect.objectContaining(closed));
    expect(index.info.rows).toBe(4000);
  });

  it('happens at the end of a scope', async () => {
    let kept: VectorIndex;
    {
      await using index = await openIndex(sift(), { threads: 1 });
      kept = index;
      expect((await index.search(queries)).count).toBeGreaterThan(0);
    }
    await expect(kept.search(queries)).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
