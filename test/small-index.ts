// A small index of real vectors in a temporary folder, for the tests that need one: the first rows of the SIFT
// sample, built in a fraction of a second.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadNative, type NativeBuildOptions, type NativeVectorFileShape } from '../src/binding.js';

export const SMALL_ROWS = 1000;
export const SMALL_DIM = 128;

export interface SmallIndex {
  /** The temporary folder; the index is a folder in it. */
  folder: string;
  dir: string;
  remove(): Promise<void>;
}

export async function buildSmallIndex(): Promise<SmallIndex> {
  const folder = await mkdtemp(join(tmpdir(), 'vamana-test-'));
  const dir = join(folder, 'index');
  await loadNative().build(smallBuild(dir), null, null);
  return { folder, dir, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Options that build it; `rows` up to 4000. */
export function smallBuild(dir: string, rows = SMALL_ROWS): NativeBuildOptions {
  return {
    source: sampleShape(rows),
    dir,
    metric: 'l2',
    degree: 16,
    buildList: 32,
    alpha: 1.2,
    order: 'bisection',
    code: 'pq',
    codeBytes: 4,
    memoryLimit: 0,
    threads: 1,
    seed: 1,
  };
}

export function sampleShape(rows: number): NativeVectorFileShape {
  const path = fileURLToPath(new URL('./sample/sift-4k.base.u8bin', import.meta.url));
  return { path, rows, dim: SMALL_DIM, element: 'u8', float64: false, rowPrefix: false, offset: 8, stride: SMALL_DIM };
}
