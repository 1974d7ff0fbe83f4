// The model against an index that is really built, against what was measured, and what it refuses.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IndexInfo, inspectIndex, buildIndex } from '../src/index.js';
import { projectRoot } from './tree.js';
import {
  bitsPerEdge,
  buildSeconds,
  checkPlanInput,
  chooseShape,
  diskBytes,
  type PlanInput,
  planShape,
  recordBytes,
  rowsThatFit,
  shapesFor,
  slotOf,
  spillBytes,
} from './plan-model.js';

const LIMITS = { maxRows: 2 ** 32 - 1, maxDimension: 65_536 };
const SHAPE = { degree: 24, codeBytes: 68 };
const sift = (rows: number): PlanInput => ({
  rows,
  dim: 128,
  element: 'u8',
  metric: 'l2',
  memoryBytes: 1e9,
  cacheBytes: 0,
  threads: 2,
});

describe('sizes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vamana-plan-'));
  const built: { info: IndexInfo; input: PlanInput }[] = [];
  beforeAll(async () => {
    for (const [name, input] of [
      ['sift-4k.base.u8bin', sift(4000)],
      ['gloss-4k.base.f16.npy', { ...sift(4000), dim: 256, element: 'f16', metric: 'cosine' }],
    ] as const) {
      const index = join(folder, name);
      await buildIndex({ data: join(projectRoot(), 'test', 'sample', name), index, metric: input.metric, threads: 1 });
      built.push({ info: await inspectIndex(index), input });
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are those of a real index where the formats decide them', () => {
    for (const { info, input } of built) {
      const slot = slotOf(recordBytes(input));
      expect([slot.records, slot.pages]).toEqual([info.recordsPerSlot, info.pagesPerSlot]);
      const files = diskBytes(input, SHAPE);
      // Tables of checksums and paddings apart.
      for (const name of ['vectors', 'codes', 'rows'] as const) {
        expect(Math.abs(files[name] - info.files[name])).toBeLessThan(0.02 * info.files[name] + 8192);
      }
    }
  });

  it('are near what was measured where data decides them', () => {
    for (const [rows, bits] of [
      [30_000, 9.76],
      [100_000, 10.74],
      [300_000, 11.62],
      [1_000_000, 12.66],
    ] as const) {
      expect(Math.abs(bitsPerEdge(rows, 24) - bits)).toBeLessThan(0.1);
    }
    expect(planShape(sift(1e6), SHAPE).bytesPerRow).toBeCloseTo(108.1, 0);
    expect(planShape(sift(1e6), { degree: 32, codeBytes: 36 }).bytesPerRow).toBeCloseTo(87.1, 0);
    expect(planShape(sift(1e6), SHAPE).reads).toEqual({ at95: 11.64, at99: 14.56 });
  });

  it('of large vectors are whole pages', () => {
    expect(slotOf(recordBytes({ dim: 1536, element: 'f32' }))).toEqual({ records: 1, pages: 2 });
    expect(slotOf(4092)).toEqual({ records: 1, pages: 1 });
    expect(slotOf(4093)).toEqual({ records: 1, pages: 2 });
  });
});

describe('a plan', () => {
  it('finds how many rows fit, to the row', () => {
    const most = rowsThatFit(sift(1), SHAPE, 2 ** 32 - 2);
    expect(planShape(sift(most), SHAPE).fits).toBe(true);
    expect(planShape(sift(most + 1), SHAPE).fits).toBe(false);
    expect(rowsThatFit(sift(1), SHAPE, 1000)).toBe(1000);
  });

  it('offers less memory for more reads, and no figure where nothing was measured', () => {
    const shapes = shapesFor({ ...sift(1e9), dim: 96, element: 'f32' });
    const known = shapes.filter(({ degree, reads }) => degree === 24 && reads.at95 !== null);
    for (const [at, shape] of known.entries()) {
      const next = known[at + 1];
      if (next === undefined) continue;
      expect(next.bytesPerRow).toBeLessThan(shape.bytesPerRow);
      expect(next.reads.at95).toBeGreaterThan(shape.reads.at95 ?? Number.NaN);
    }
    expect(
      shapes.filter(({ bitsPerDimension }) => bitsPerDimension < 2).every(({ reads }) => reads.at95 === null),
    ).toBe(true);
  });

  it('takes the usual shape while it fits and is known, then the one that reads least, then any that fits', () => {
    const choose = (input: PlanInput) => chooseShape(planShape(input, SHAPE), shapesFor(input));
    expect(choose(sift(1e6))).toMatchObject(SHAPE);
    const large: PlanInput = { ...sift(1e8), dim: 1536, element: 'f16', memoryBytes: 64e9 };
    const chosen = choose(large);
    expect(chosen).toMatchObject({ fits: true, bitsPerDimension: 2 });
    const reads = shapesFor(large).filter(({ fits, reads: { at95 } }) => fits && at95 !== null);
    expect(chosen.reads.at95).toBe(Math.min(...reads.map(({ reads: { at95 } }) => at95 ?? Number.NaN)));
    // No scalar code for l1, and so nothing known; little memory: whatever fits; none: its own.
    expect(choose({ ...large, metric: 'l1' })).toMatchObject({ ...SHAPE, bitsPerDimension: 0, fits: true });
    expect(choose({ ...sift(1e9), memoryBytes: 62e9 })).toMatchObject({ fits: true });
    expect(choose({ ...sift(1e9), memoryBytes: 1e9 })).toMatchObject({ ...SHAPE, fits: false });
  });

  it('takes longer for more rows, larger vectors and partitions, and shorter for more threads', () => {
    const seconds = buildSeconds(sift(1e6), 1);
    expect(seconds).toBeGreaterThan(60);
    expect(seconds).toBeLessThan(90);
    expect(buildSeconds(sift(1e7), 1)).toBeGreaterThan(10 * seconds * 0.9);
    expect(buildSeconds({ ...sift(1e6), element: 'f32' }, 1)).toBeGreaterThan(seconds);
    expect(buildSeconds(sift(1e6), 3)).toBeGreaterThan(1.5 * seconds);
    expect(buildSeconds({ ...sift(1e6), threads: 4 }, 1)).toBeCloseTo(seconds / 2);
    expect(spillBytes(sift(1e6), SHAPE, 1)).toBe(0);
    expect(spillBytes(sift(1e6), SHAPE, 3)).toBe(144e6);
  });

  it('refuses nonsense', () => {
    const good = sift(1e6);
    expect(() => checkPlanInput(good, LIMITS)).not.toThrow();
    for (const bad of [
      { rows: 0 },
      { rows: 1.5 },
      { rows: 5e9 },
      { dim: 0 },
      { dim: 70_000 },
      { threads: 0 },
      { memoryBytes: 1e6 },
      { cacheBytes: 2e9 },
    ]) {
      expect(() => checkPlanInput({ ...good, ...bad }, LIMITS)).toThrow(/found .*(expected|takes)/);
    }
  });
});
