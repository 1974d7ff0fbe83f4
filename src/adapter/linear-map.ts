// A linear map from the vectors of one model to those of another, learnt from texts, or images, that both have seen: so
// queries of the old model can be asked of the new space, or the other way round, before all is moved. Least squares
// with a ridge, y = W x + b, over pairs that are streamed: memory goes by the dimensions, not by the pairs. A tenth of
// them is held out, and what the map loses is measured on those: a map is only worth what it says there.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NativeMetric } from '../binding.js';
import { VamanaError } from '../errors.js';
import { choleskyFactor, choleskySolve } from './cholesky.js';
import type { LinearMap, MapQuality, VectorPair } from './map-vector.js';
import { measureMap } from './measure-map.js';

export interface FitMapOptions {
  /** Share of the mean square of the old vectors' elements that is added to their variances; 0.001 by default. */
  ridge?: number;
  /** Of the new space, for measuring recall; 'cosine' by default. */
  metric?: NativeMetric;
  /** Neighbours that count; 10 by default. */
  k?: number;
  signal?: AbortSignal;
}

const HELD_OUT_EVERY = 10;
const HELD_OUT_MAX = 2000;
const RIDGE_DEFAULT = 1e-3;
const K_DEFAULT = 10;
/** Between two turns for other work. */
const TURN_PAIRS = 64;

/** INVALID_ARGUMENT (pairs of different dimensions, too few of them), ABORTED. */
export async function fitLinearMap(
  pairs: AsyncIterable<VectorPair> | Iterable<VectorPair>,
  { ridge = RIDGE_DEFAULT, metric = 'cosine', k = K_DEFAULT, signal }: FitMapOptions = {},
): Promise<{ map: LinearMap; quality: MapQuality }> {
  let sums: Sums | undefined;
  const heldOut: VectorPair[] = [];
  let seen = 0;
  for await (const pair of pairs) {
    sums ??= new Sums(pair.from.length, pair.to.length);
    sums.check(pair, seen);
    if (seen % HELD_OUT_EVERY === 0 && heldOut.length < HELD_OUT_MAX) heldOut.push(pair);
    else sums.add(pair);
    seen += 1;
    if (seen % TURN_PAIRS !== 0) continue;
    await nextTurn();
    if (signal?.aborted === true) throw new VamanaError('ABORTED', `fitting the map was stopped after ${seen} pairs`);
  }
  if (sums === undefined || sums.count < 2 || heldOut.length < 2) {
    throw new VamanaError('INVALID_ARGUMENT', `found ${seen} pairs, expected ten thousand or more`);
  }
  const map = sums.solve(ridge);
  return { map, quality: { pairs: seen, ...measureMap(map, heldOut, metric, k) } };
}

/** Moments of the pairs: all that least squares needs of them. */
class Sums {
  count = 0;
  private readonly x: Float64Array;
  private readonly y: Float64Array;
  /** Lower triangle. */
  private readonly xx: Float64Array;
  private readonly xy: Float64Array;

  constructor(
    private readonly from: number,
    private readonly to: number,
  ) {
    this.x = new Float64Array(from);
    this.y = new Float64Array(to);
    this.xx = new Float64Array(from * from);
    this.xy = new Float64Array(from * to);
  }

  check({ from, to }: VectorPair, at: number): void {
    if (from.length === this.from && to.length === this.to) return;
    const found = `pair ${at} has dimensions ${from.length} and ${to.length}`;
    throw new VamanaError('INVALID_ARGUMENT', `${found}, expected ${this.from} and ${this.to} as in the first one`);
  }

  add({ from: x, to: y }: VectorPair): void {
    const { from, to, xx, xy } = this;
    this.count += 1;
    addTo(this.x, x);
    addTo(this.y, y);
    for (let i = 0; i < from; i += 1) {
      const value = x[i] as number;
      for (let j = 0; j <= i; j += 1) xx[i * from + j] = (xx[i * from + j] as number) + value * (x[j] as number);
      for (let j = 0; j < to; j += 1) xy[i * to + j] = (xy[i * to + j] as number) + value * (y[j] as number);
    }
  }

  /** Of the centred vectors, so that the ridge leaves the bias alone. */
  solve(ridge: number): LinearMap {
    const { from, to, count, xx, xy } = this;
    const meanX = this.x.map((sum) => sum / count);
    const meanY = this.y.map((sum) => sum / count);
    let square = 0;
    for (let i = 0; i < from; i += 1) square += (xx[i * from + i] as number) / from;
    for (let i = 0; i < from; i += 1) {
      const mean = meanX[i] as number;
      for (let j = 0; j <= i; j += 1) {
        xx[i * from + j] = (xx[i * from + j] as number) - count * mean * (meanX[j] as number);
      }
      xx[i * from + i] = (xx[i * from + i] as number) + ridge * square;
      for (let j = 0; j < to; j += 1) {
        xy[i * to + j] = (xy[i * to + j] as number) - count * mean * (meanY[j] as number);
      }
    }
    choleskyFactor(xx, from);
    choleskySolve(xx, from, xy, to);
    const offset = new Float64Array(to);
    for (let i = 0; i < from; i += 1) {
      for (let j = 0; j < to; j += 1) {
        offset[j] = (offset[j] as number) + (meanX[i] as number) * (xy[i * to + j] as number);
      }
    }
    const bias = Array.from(meanY, (mean, j) => mean - (offset[j] as number));
    return { from, to, weights: Array.from(xy), bias };
  }
}

function addTo(sums: Float64Array, values: ArrayLike<number>): void {
  for (let i = 0; i < sums.length; i += 1) sums[i] = (sums[i] as number) + (values[i] as number);
}
