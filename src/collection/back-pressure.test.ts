// Writers against merges that cannot keep up; that they wait for fresh rows is in test/collection-flush.test.ts and others.
import { describe, expect, it } from 'vitest';
import type { NativeDelta, NativeSegment, NativeStore } from '../binding.js';
import { resolveRuntime } from '../config/runtime-options.js';
import { BackPressure, slowDownMs } from './back-pressure.js';
import type { Flusher } from './flusher.js';
import { Parts } from './parts.js';
import { VectorSpace } from './vector-space.js';

const thresholds = { slowSegments: 2, mostSegments: 4 };

function pressure(
  segments: number,
  auto: boolean,
): { admit: () => Promise<void>; parts: Parts; rotations: () => number } {
  let rotations = 0;
  const active = { stats: () => ({ rows: 10, linked: 10, bytes: 1, frozen: false }) } as NativeDelta;
  const shape = { name: '', number: 0, dim: 1, element: 'f32', metric: 'l2' } as const;
  const some = new Array<NativeSegment>(segments).fill({} as NativeSegment);
  const parts = new Parts([new VectorSpace(shape, {} as NativeStore, some, active)]);
  const flusher = { isClosed: false, isStuck: false, failure: null, rotate: () => (rotations += 1) };
  const runtime = resolveRuntime({ deltaRows: 10, writeTimeoutMs: 30, maintenance: { auto, thresholds } });
  const tested = new BackPressure(parts, flusher as unknown as Flusher, runtime);
  return { admit: () => tested.admit(async () => undefined), parts, rotations: () => rotations };
}

describe('writers', () => {
  it('slow down, the more segments there are', () => {
    const maintenance = { auto: true, thresholds: { ...resolveRuntime({}).maintenance.thresholds, ...thresholds } };
    expect([1, 2, 3, 4, 9].map((segments) => slowDownMs(segments, maintenance))).toEqual([0, 0, 100, 200, 200]);
    expect(slowDownMs(9, { ...maintenance, auto: false })).toBe(0);
  });

  it('are refused in the end where a write would make one more than there may be, and may try again', async () => {
    const run = pressure(4, true);
    await expect(run.admit()).rejects.toMatchObject({
      code: 'BUSY',
      message: expect.stringContaining('merges cannot keep up: there are 4 segments; try again later'),
    });
    expect(run.rotations()).toBe(0);
  });

  it('go on once a merge has ended', async () => {
    const run = pressure(4, true);
    const admitted = run.admit();
    const space = run.parts.of(0);
    space.segments = space.segments.slice(3);
    await admitted;
    expect(run.rotations()).toBe(1);
  });

  it('are not held back where nothing would be merged by itself', async () => {
    const run = pressure(9, false);
    await run.admit();
    expect(run.rotations()).toBe(1);
  });
});
