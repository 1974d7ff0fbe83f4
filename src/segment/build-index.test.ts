import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VamanaError } from '../errors.js';
import { type BuildProgress, buildIndex, planIndex } from './build-index.js';
import { inspectIndex, verifyIndex } from './check-index.js';

const data = fileURLToPath(new URL('../../test/sample/sift-4k.base.u8bin', import.meta.url));
const QUICK = { degree: 8, buildList: 16, codeBytes: 4, threads: 1 };

let folder = '';
let index = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vamana-test-'));
  index = join(folder, 'index');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A u8bin file of the sample's first rows, or of the given bytes. */
async function u8bin(rows: number, dim: number, bytes?: Uint8Array): Promise<string> {
  const file = Buffer.alloc(8 + rows * dim);
  file.writeUInt32LE(rows, 0);
  file.writeUInt32LE(dim, 4);
  file.set(bytes ?? (await readFile(data)).subarray(8, 8 + rows * dim), 8);
  const path = join(folder, `rows-${rows}.u8bin`);
  await writeFile(path, file);
  return path;
}

describe('buildIndex', () => {
  it('builds what inspectIndex and verifyIndex then see', async () => {
    const stages: BuildProgress[] = [];
    const report = await buildIndex({
      data,
      index,
      metric: 'l2',
      seed: 3,
      onProgress: (p) => stages.push(p),
      ...QUICK,
    });
    expect(report).toMatchObject({ rows: 4000, dim: 128, unreachable: 0 });
    expect(report.files.vectors).toBeGreaterThan(4000 * 132);
    expect(stages[0]?.stage).toBe('read');
    expect(stages.at(-1)).toMatchObject({ stage: 'write', done: 4000, total: 4000 });
    expect(await inspectIndex(index)).toMatchObject({
      rows: 4000,
      dim: 128,
      element: 'u8',
      metric: 'l2',
      degree: 8,
      buildList: 16,
      alpha: 1.2,
      seed: 3,
      code: 'pq4x8',
      codeBytes: 4,
      files: report.files,
    });
    expect(await verifyIndex(index)).toMatchObject({ rows: 4000, unreachable: 0, problems: [] });
  });

  it('writes the same bytes whatever the threads, but for the uuid', async () => {
    const small = await u8bin(700, 128);
    await buildIndex({ data: small, index: `${index}1`, ...QUICK });
    await buildIndex({ data: small, index: `${index}3`, ...QUICK, threads: 3 });
    for (const name of await readdir(`${index}1`)) {
      const [one, three] = await Promise.all([1, 3].map((n) => readFile(join(`${index}${n}`, name))));
      expect(one?.subarray(4096).equals(three?.subarray(4096) as Buffer), name).toBe(true);
    }
  });

  it('plans without building', async () => {
    const plan = await planIndex({ data, index, ...QUICK });
    const { vectorsBytes, graphBytes, codesBytes, buffersBytes, processBytes, peakBytes } = plan;
    expect(vectorsBytes + graphBytes + codesBytes + buffersBytes + processBytes).toBe(peakBytes);
    expect(plan).toMatchObject({ partitions: 1, order: 'bisection' });
    expect(plan.leastBytes).toBeGreaterThan(processBytes);
    expect(plan.vectorsBytes).toBe(4000 * 128);
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses a memory limit that it could not keep', async () => {
    const options = { data, index, memoryLimit: 1_000_000, ...QUICK };
    await expect(planIndex(options)).rejects.toMatchObject({ code: 'MEMORY_LIMIT' });
    await expect(buildIndex(options)).rejects.toMatchObject({ name: 'VamanaError', code: 'MEMORY_LIMIT' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses data that is absent, broken or of no known format', async () => {
    await expect(buildIndex({ data: join(folder, 'absent.u8bin'), index })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const path = await u8bin(10, 16, new Uint8Array(100));
    await writeFile(path, (await readFile(path)).subarray(0, 90));
    await expect(buildIndex({ data: path, index })).rejects.toMatchObject({ code: 'BAD_VECTOR_FILE' });
    await expect(buildIndex({ data, index, format: 'csv' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await buildIndex({ data: await renamed(), format: 'u8bin', index, ...QUICK })).toMatchObject({ rows: 300 });
  });

  async function renamed(): Promise<string> {
    const path = join(folder, 'vectors');
    await writeFile(path, await readFile(await u8bin(300, 128)));
    return path;
  }

  it('refuses a target that stands, and options that are none', async () => {
    const small = await u8bin(300, 128);
    await buildIndex({ data: small, index, ...QUICK });
    const again = buildIndex({ data: small, index, ...QUICK });
    await expect(again).rejects.toBeInstanceOf(VamanaError);
    await expect(again).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    const build = (options: object) => buildIndex({ data: small, index: `${index}2`, ...QUICK, ...options });
    await expect(build({ degree: 500 })).rejects.toThrow(
      'options.degree: found 500, expected a whole number from 1 to 126',
    );
    await expect(build({ metric: 'euclid' })).rejects.toThrow('options.metric: found the string "euclid"');
    await expect(build({ index: '' })).rejects.toThrow('options.dir: found the string ""');
  });

  it('stops when its signal is aborted, and leaves nothing', async () => {
    await expect(buildIndex({ data, index, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('changed my mind'));
    await expect(buildIndex({ data, index, signal: controller.signal, onProgress })).rejects.toMatchObject({
      code: 'ABORTED',
      cause: { message: 'changed my mind' },
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('rejects with what its listener throws', async () => {
    const thrown = new RangeError('no more');
    const onProgress = () => {
      throw thrown;
    };
    await expect(buildIndex({ data, index, onProgress })).rejects.toBe(thrown);
    expect(await readdir(folder)).toEqual([]);
  });

  it('builds an index of one row', async () => {
    await buildIndex({ data: await u8bin(1, 16), index, ...QUICK });
    expect(await verifyIndex(index)).toMatchObject({ rows: 1, problems: [] });
  });
});
