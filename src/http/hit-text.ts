// Hits as the JSON of an answer, without objects in between: they are made by the thousand for a batch of queries. What
// is in one is what wirePoint says. Called by read-routes.ts.
import type { Found } from './hits.js';
import { shortFloat, writeJson } from './wire-json.js';
import { type PointShape, wirePoint } from './wire-point.js';

export function hitsText(hits: readonly Found[], shape: PointShape): string {
  return `[${hits.map((hit) => hitText(hit, shape)).join(',')}]`;
}

export function wireHit({ point, score, order }: Found, shape: PointShape): Record<string, unknown> {
  const wired = wirePoint(point, shape, score);
  if (order !== undefined) wired.order_value = order;
  return wired;
}

function hitText(hit: Found, shape: PointShape): string {
  const { point, score, order } = hit;
  const { id, version, payload, vector } = point;
  if (vector !== undefined || order !== undefined || !Number.isFinite(score)) return writeJson(wireHit(hit, shape));
  const name = typeof id === 'string' ? JSON.stringify(id) : id.toString();
  const shown = payload === undefined ? '' : `,"payload":${writeJson(payload ?? {})}`;
  return `{"id":${name},"version":${version},"score":${shortFloat(score)}${shown}}`;
}
