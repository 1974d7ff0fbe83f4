import { describe, expect, it } from 'vitest';
import { generator } from '../../test/faulty-storage.js';
import { fitLinearMap } from './linear-map.js';
import { mapVector, type VectorPair } from './map-vector.js';

const FROM = 12;
const TO = 7;

/** Vectors x with a spread, and y = A x + b, with noise of so much of it. */
function pairs(count: number, noise: number, seed = 3): VectorPair[] {
  const random = generator(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const matrix = Array.from({ length: TO }, () => Array.from({ length: FROM }, normal));
  return Array.from({ length: count }, () => {
    const from = Array.from({ length: FROM }, () => normal() + 2);
    const to = matrix.map((row, j) => row.reduce((sum, weight, i) => sum + weight * (from[i] as number), j - 3));
    return { from, to: to.map((value) => value + noise * normal()) };
  });
}

describe('a linear map', () => {
  it('is found where there is one, bias and all', async () => {
    const { map, quality } = await fitLinearMap(pairs(2000, 0), { ridge: 1e-9, metric: 'l2' });
    expect(quality).toMatchObject({ pairs: 2000, heldOut: 200, k: 10 });
    expect(quality.error).toBeLessThan(1e-9);
    expect(quality.recall).toBeGreaterThan(0.99);
    const { from, to } = pairs(1, 0)[0] as VectorPair;
    const mapped = mapVector(map, from);
    for (const [j, value] of mapped.entries()) expect(value).toBeCloseTo(to[j] as number, 3);
    expect(JSON.parse(JSON.stringify(map))).toEqual(map);
  });

  it('says what it loses where there is none', async () => {
    const clean = await fitLinearMap(pairs(2000, 0.5), { metric: 'l2' });
    const noisy = await fitLinearMap(pairs(2000, 20), { metric: 'l2' });
    expect(noisy.quality.error).toBeGreaterThan(clean.quality.error);
    expect(noisy.quality.recall).toBeLessThan(clean.quality.recall);
  });

  it('needs a ridge where old vectors lie in a plane, and says so without', async () => {
    const flat = pairs(500, 0).map(({ from, to }) => ({ from: [...(from as number[]), (from[0] as number) * 2], to }));
    await expect(fitLinearMap(flat, { ridge: 0 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: /ridge/,
    });
    expect((await fitLinearMap(flat)).quality.error).toBeLessThan(0.01);
  });

  it('refuses pairs and vectors of other dimensions, and next to none', async () => {
    const [one, two] = pairs(2, 0) as [VectorPair, VectorPair];
    await expect(fitLinearMap([one, { ...two, to: [1] }])).rejects.toThrow(
      /pair 1 has dimensions 12 and 1, expected 12 and 7/,
    );
    await expect(fitLinearMap([one])).rejects.toThrow(/found 1 pairs/);
    const { map } = await fitLinearMap(pairs(100, 0));
    expect(() => mapVector(map, [1, 2])).toThrow(/dimension 2, the map takes 12/);
  });
});
