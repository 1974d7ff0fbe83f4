// What a linear map between two models is, and a vector put through it. Made by linear-map.ts; plain data, so it may be kept
// as JSON and used wherever queries are made.
import { VamanaError } from '../errors.js';

export interface VectorPair {
  /** Of the model that is left. */
  from: ArrayLike<number>;
  /** Of the same thing, of the model that is moved to. */
  to: ArrayLike<number>;
}

/** What the map is worth, by pairs it was not fitted to. */
export interface MapQuality {
  pairs: number;
  heldOut: number;
  /** Mean squared distance of mapped vectors to true ones, as a share of the variance of the true ones. */
  error: number;
  /** Of the k true neighbours of each held-out vector among the others, the share that its mapped one finds. */
  recall: number;
  k: number;
}

/** Plain data: may be kept as JSON. */
export interface LinearMap {
  from: number;
  to: number;
  /** Row-major, `from` rows of `to`. */
  weights: number[];
  bias: number[];
}

/** INVALID_ARGUMENT for a vector of another dimension than the map takes. */
export function mapVector({ from, to, weights, bias }: LinearMap, vector: ArrayLike<number>): Float32Array {
  if (vector.length !== from) {
    throw new VamanaError('INVALID_ARGUMENT', `found a vector of dimension ${vector.length}, the map takes ${from}`);
  }
  const mapped = Float64Array.from(bias);
  for (let i = 0; i < from; i += 1) {
    const value = vector[i] as number;
    for (let j = 0; j < to; j += 1) mapped[j] = (mapped[j] as number) + value * (weights[i * to + j] as number);
  }
  return Float32Array.from(mapped);
}
