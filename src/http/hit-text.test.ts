import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonPayload } from '../../test/json-arbitrary.js';
import { hitsText, wireHit } from './hit-text.js';
import { writeJson } from './wire-json.js';
import type { PointShape } from './wire-point.js';

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
});
