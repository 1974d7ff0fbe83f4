import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonPayload } from '../../test/json-arbitrary.js';
import { hitsText, listsText, pointsText, wireHit } from './hit-text.js';
import { writeJson } from './wire-json.js';
import { type PointShape, wirePoint } from './wire-point.js';

const shape = { wire: { vectorName: '', asked: {} } } as unknown as PointShape;

describe('hits as text', () => {
  it('are what their objects are as JSON', () => {
    const hit = fc.record(
      {
        id: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uuid(), fc.string()),
        version: fc.nat(),
        score: fc.oneof(fc.float({ noNaN: true }), fc.double()),
        order: fc.option(fc.double({ noNaN: true }), { nil: undefined }),
        payload: fc.option(fc.option(jsonPayload(), { nil: null }), { nil: undefined }),
        vector: fc.option(fc.float32Array({ noNaN: true, noDefaultInfinity: true, maxLength: 4 }), { nil: undefined }),
      },
      { requiredKeys: ['id', 'version', 'score'] },
    );
    fc.assert(
      fc.property(fc.array(hit, { maxLength: 4 }), (found) => {
        const hits = found.map(({ score, order, id, version, payload, vector }) => ({
          key: id,
          score,
          ...(order === undefined ? {} : { order }),
          point: {
            id,
            version,
            ...(payload === undefined ? {} : { payload }),
            ...(vector === undefined ? {} : { vector }),
          },
        }));
        expect(hitsText(hits, shape)).toBe(writeJson(hits.map((one) => wireHit(one, shape))));
      }),
    );
  });

  it('are lists of lists, and points, in turns', async () => {
    const points = Array.from({ length: 5000 }, (_, at) => ({ id: BigInt(at), version: at, payload: { at } }));
    const hits = points.map((point) => ({ key: point.id, score: 0.5, point }));
    expect(await pointsText(points, shape)).toBe(writeJson(points.map((point) => wirePoint(point, shape))));
    const ordered = points.slice(0, 2).map((point) => ({ ...point, orderValue: 7 }));
    expect(JSON.parse(await pointsText(ordered, shape))).toMatchObject([{ order_value: 7 }, { order_value: 7 }]);
    const wrapped = JSON.parse(await listsText([hits, [], hits.slice(1)], shape, (text) => `{"points":${text}}`));
    expect(wrapped.map((list: { points: unknown[] }) => list.points.length)).toEqual([5000, 0, 4999]);
  });
});
