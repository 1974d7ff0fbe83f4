// Points and hits as the JSON of an answer: hits without objects in between, for they are made by the thousand for a batch
// of queries, and both in turns, for an answer may have a hundred thousand. What is in one is what wirePoint says. Called
// by read-routes.ts.
import type { Point } from '../read/assemble.js';
import { Turns } from '../read/turns.js';
import type { Found } from './hits.js';
import { shortFloat, writeJson } from './wire-json.js';
import { type PointShape, wirePoint } from './wire-point.js';

export function hitsText(hits: readonly Found[], shape: PointShape): string {
  return `[${hits.map((hit) => hitText(hit, shape)).join(',')}]`;
}

/** A list of each query's hits, each as `wrap` has it. */
export async function listsText(
  lists: readonly (readonly Found[])[],
  shape: PointShape,
  wrap: (hits: string) => string,
): Promise<string> {
  return `[${await joined(lists, 1, (hits) => wrap(hitsText(hits, shape)))}]`;
}

/** `orderValue` is the number by which a point stands where it does, where there is one. */
export async function pointsText(
  points: readonly (Point & { orderValue?: number })[],
  shape: PointShape,
): Promise<string> {
  const textOf = ({ orderValue, ...point }: Point & { orderValue?: number }): string => {
    const wired = wirePoint(point, shape);
    return writeJson(orderValue === undefined ? wired : { ...wired, order_value: orderValue });
  };
  return `[${await joined(points, POINTS_A_LOOK, textOf)}]`;
}

/** Between two looks at the clock. */
const POINTS_A_LOOK = 32;

async function joined<Item>(items: readonly Item[], aLook: number, textOf: (item: Item) => string): Promise<string> {
  const turns = new Turns();
  const parts: string[] = [];
  for (const [at, item] of items.entries()) {
    const turn = at % aLook === 0 ? turns.next() : undefined;
    if (turn !== undefined) await turn;
    parts.push(textOf(item));
  }
  return parts.join(',');
}

export function wireHit({ point, score, order }: Found, shape: PointShape): Record<string, unknown> {
  const wired = wirePoint(point, shape, score);
  if (order !== undefined) wired.order_value = order;
  return wired;
}

function hitText(hit: Found, shape: PointShape): string {
  const { point, score, order } = hit;
  const { id, version, payload, vector, vectors } = point;
  const short = shortFloat(score);
  const isPlain = vector === undefined && vectors === undefined && order === undefined;
  if (!isPlain || !Number.isFinite(short)) return writeJson(wireHit(hit, shape));
  const name = typeof id === 'string' ? JSON.stringify(id) : id.toString();
  const shown = payload === undefined ? '' : `,"payload":${writeJson(payload ?? {})}`;
  return `{"id":${name},"version":${version},"score":${short}${shown}}`;
}
