// What a collection answers against what the model has: used by model-run.ts after each of its steps.
import assert from 'node:assert/strict';
import type { Collection, Point, PointId, ScoredPoint } from '../src/index.js';
import { naiveMatches } from './naive-filter.js';
import { norm, type PointModel, tolerance } from './point-model.js';

type Filter = Record<string, unknown>;

export class ModelChecks {
  constructor(private readonly model: PointModel) {}

  /** Of one query, against the true distance of each point that may be found. */
  hits(hits: ScoredPoint[], distances: Map<PointId, number>, label: string, withVector: boolean): void {
    assert.equal(new Set(hits.map(({ id }) => id)).size, hits.length, `${label}: a point came twice`);
    let before = Number.NEGATIVE_INFINITY;
    for (const hit of hits) {
      const expected = distances.get(hit.id);
      assert.notEqual(expected, undefined, `${label}: found ${hit.id}, which is deleted`);
      const error = Math.abs(hit.distance - (expected as number));
      assert.ok(
        error <= tolerance(this.model.space, expected as number),
        `${label}: point ${hit.id} at ${hit.distance}, expected ${expected}`,
      );
      assert.ok(hit.distance >= before, `${label}: not in order`);
      before = hit.distance;
      this.point(hit, label, withVector);
    }
  }

  point({ id, version, payload, vector }: Point, label: string, withVector: boolean): void {
    const expected = this.model.points.get(id);
    assert.ok(expected !== undefined, `${label}: ${id} is deleted`);
    assert.equal(version, expected.version, `${label}: version of ${id}`);
    assert.deepEqual(payload, expected.payload, `${label}: payload of ${id}`);
    assert.equal(vector !== undefined, withVector, `${label}: vector of ${id}`);
    if (vector === undefined) return;
    const { metric, element } = this.model.space;
    const unit = metric === 'cosine' && (element === 'f32' || element === 'f16');
    const scale = unit ? 1 / norm(expected.vector) : 1;
    assert.equal(vector.length, expected.vector.length);
    for (const [i, value] of expected.vector.entries()) {
      const off = Math.abs((vector[i] as number) - value * scale);
      assert.ok(
        off <= (unit ? 1e-3 : 0),
        `${label}: vector of ${id} at ${i} is ${vector[i]}, expected ${value * scale}`,
      );
    }
  }

  /** Each point there is, in the order of ids. */
  async all(target: Collection, withVector: boolean): Promise<void> {
    const seen: PointId[] = [];
    for await (const point of target.scroll({ withVector })) {
      seen.push(point.id);
      this.point(point, 'scroll', withVector);
    }
    assert.deepEqual(seen, this.model.ids(), 'scroll: ids');
  }

  async facet(target: Collection, key: string, filter: Filter): Promise<void> {
    const counts = new Map<unknown, number>();
    for (const [id, { payload }] of this.model.points) {
      const value = (payload as Record<string, unknown> | null)?.[key];
      if (typeof value !== 'string' && typeof value !== 'number') continue;
      if (!naiveMatches(filter, id, payload)) continue;
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    const found = await target.facet(key, { filter, limit: 10_000 });
    const label = `facet of ${key}, filter ${show(filter)}`;
    assert.deepEqual(new Map(found.map(({ value, count }) => [value, count])), counts, label);
    const falls = found.every(({ count }, at) => at === 0 || count <= (found[at - 1]?.count ?? 0));
    assert.ok(falls, `${label}: not in order`);
  }

  /** Of an integer field. */
  async order(
    target: Collection,
    key: string,
    filter: Filter,
    { direction, limit }: { direction: 'asc' | 'desc'; limit: number },
  ): Promise<void> {
    const { model } = this;
    const sign = direction === 'asc' ? 1 : -1;
    const values = [...model.points]
      .filter(([id, { payload }]) => naiveMatches(filter, id, payload))
      .map(([, { payload }]) => (payload as Record<string, unknown> | null)?.[key])
      .filter((value) => typeof value === 'number')
      .sort((a, b) => sign * (a - b));
    const found = await target.orderedPoints(limit, { orderBy: key, direction, filter });
    const label = `order by ${key} ${direction}, filter ${show(filter)}`;
    assert.deepEqual(
      found.map(({ orderValue }) => orderValue),
      values.slice(0, limit),
      label,
    );
    for (const { id, payload, orderValue } of found) {
      assert.equal((payload as Record<string, unknown>)[key], orderValue, label);
      assert.ok(naiveMatches(filter, id, model.points.get(id)?.payload ?? null), label);
    }
  }
}

/** For messages: not all of what is large. */
export function show(value: unknown): string {
  const text = JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}n` : inner));
  return text.length > 2000 ? `${text.slice(0, 2000)}...` : text;
}
