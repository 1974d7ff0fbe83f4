// What the generator promises: the same rows in any blocks, sizes by a power law, few dimensions, exact duplicates.
import { describe, expect, it } from 'vitest';
import { type SyntheticOptions, SyntheticRows } from './synthetic-rows.js';

const OPTIONS: SyntheticOptions = {
  dim: 48,
  element: 'f32',
  seed: 7,
  clusters: 50,
  exponent: 1.1,
  intrinsicDim: 6,
  noise: 0.02,
  duplicates: 0.1,
};
const made = (options: Partial<SyntheticOptions> = {}): SyntheticRows => new SyntheticRows({ ...OPTIONS, ...options });

describe('synthetic rows', () => {
  it('are the same whatever the blocks, and others for another seed', () => {
    const whole = made().rows(0, 300);
    const parts = [...made().rows(200, 100), ...made().rows(0, 200)];
    expect([...whole.slice(200 * 48), ...whole.slice(0, 200 * 48)]).toEqual(parts);
    expect(made({ seed: 8 }).rows(0, 3)).not.toEqual(whole.slice(0, 3 * 48));
    expect(made({ seed: 7 + 2 ** 32 }).rows(0, 3)).not.toEqual(whole.slice(0, 3 * 48));
    // Far out, past 32 bits, as near.
    expect(made().rows(2 ** 33, 2)).not.toEqual(made().rows(0, 2));
  });

  it('repeat earlier rows exactly, as often as asked, and queries repeat none', () => {
    const rows = made();
    const count = 4000;
    const repeated = Array.from({ length: count }, (_, at) => at).filter((at) => rows.originOf(at) !== at);
    expect(repeated.length / count).toBeGreaterThan(0.08);
    expect(repeated.length / count).toBeLessThan(0.12);
    for (const at of repeated.slice(0, 50)) {
      const origin = rows.originOf(at);
      expect(origin).toBeLessThan(at);
      expect(rows.originOf(origin)).toBe(origin);
      expect(rows.rows(at, 1)).toEqual(rows.rows(origin, 1));
    }
    expect(made({ duplicates: 0 }).originOf(1234)).toBe(1234);
    expect(rows.queries(0, 1)).not.toEqual(rows.rows(0, 1));
  });

  it('come in clusters of power-law sizes', () => {
    const sizes = new Float64Array(50);
    const rows = made({ duplicates: 0 });
    for (let row = 0; row < 20_000; row += 1) {
      const cluster = rows.clusterOf(row);
      sizes[cluster] = (sizes[cluster] ?? 0) + 1;
    }
    const weights = Array.from({ length: 50 }, (_, c) => ((c + 2) ** -0.1 - (c + 1) ** -0.1) / (51 ** -0.1 - 1));
    for (const cluster of [0, 1, 5, 20, 49]) {
      const expected = 20_000 * (weights[cluster] ?? 0);
      expect(Math.abs((sizes[cluster] ?? 0) - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
    const equal = new Set(Array.from({ length: 2000 }, (_, row) => made({ exponent: 0, clusters: 4 }).clusterOf(row)));
    expect(equal.size).toBe(4);
  });

  it('of a cluster lie near a subspace of few dimensions', () => {
    const rows = made({ duplicates: 0, clusters: 1, noise: 0.001, dim: 24, intrinsicDim: 3 });
    const data = rows.rows(0, 64) as Float32Array;
    const points = Array.from({ length: 63 }, (_, at) =>
      Array.from({ length: 24 }, (_, i) => (data[(at + 1) * 24 + i] ?? 0) - (data[i] ?? 0)),
    );
    // Gram-Schmidt: after three directions hardly anything is left of the others.
    const basis: number[][] = [];
    const residual = (point: number[]): number[] => {
      let rest = point;
      for (const b of basis) {
        const dot = b.reduce((sum, value, i) => sum + value * (rest[i] ?? 0), 0);
        rest = rest.map((value, i) => value - dot * (b[i] ?? 0));
      }
      return rest;
    };
    const length = (point: number[]): number => Math.hypot(...point);
    for (const point of points.slice(0, 3)) {
      const rest = residual(point);
      basis.push(rest.map((value) => value / length(rest)));
    }
    for (const point of points.slice(3)) expect(length(residual(point))).toBeLessThan(0.1 * length(point) + 0.05);
  });

  it('are whole numbers in range for bytes, and the same values rounded for halves', () => {
    for (const [element, least, most] of [
      ['u8', 0, 255],
      ['i8', -128, 127],
    ] as const) {
      const data = made({ element }).rows(0, 200);
      const values = new Set(data);
      expect(values.size).toBeGreaterThan(100);
      expect(Math.min(...data)).toBeGreaterThanOrEqual(least);
      expect(Math.max(...data)).toBeLessThanOrEqual(most);
      // Few are cut off at the ends.
      const cut = Array.from(data).filter((value) => value === least || value === most).length;
      expect(cut / data.length).toBeLessThan(0.05);
    }
    expect(made({ element: 'f16' }).rows(0, 2)).toBeInstanceOf(Uint16Array);
  });
});
