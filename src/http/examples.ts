// The vectors of the examples of a query: those that are given, and those of points, which may be of another collection
// (`lookup_from`). Called by search.ts and recommend.ts.
import type { PointId } from '../payload/point.js';
import type { PointVector } from '../read/assemble.js';
import { badRequest, notFound } from './wire-error.js';
import type { PointShape } from './wire-point.js';

export type Example = PointId | ArrayLike<number>;

/** Where the examples are that are named by ids. */
export interface Lookup {
  collection: string;
  /** '' for the unnamed one. */
  vector: string;
}

export interface Examples {
  positive: readonly Example[];
  negative: readonly Example[];
  lookup?: Lookup;
}

export interface ExampleVectors {
  liked: readonly ArrayLike<number>[];
  disliked: readonly ArrayLike<number>[];
  /** Points that answers leave out, since they were asked by. */
  hidden: ReadonlySet<PointId>;
}

/** 404 for a point, or a collection, that there is none of. */
export async function vectorsOf(examples: Examples, shape: PointShape): Promise<ExampleVectors> {
  const { positive, negative, lookup } = examples;
  const ids = [...positive, ...negative].filter((example) => typeof example !== 'object') as PointId[];
  const byId = ids.length === 0 ? new Map<PointId, PointVector>() : await stored(ids, lookup, shape);
  const found = (given: readonly Example[]): ArrayLike<number>[] =>
    given.map((example) => {
      if (typeof example === 'object') return example;
      const vector = byId.get(example);
      if (vector === undefined) throw notFound(`No point with id ${example} found`);
      return vector;
    });
  const elsewhere = lookup !== undefined && shape.resolve?.(lookup.collection) !== shape.collection.name;
  return { liked: found(positive), disliked: found(negative), hidden: new Set(elsewhere ? [] : ids) };
}

function stored(ids: PointId[], lookup: Lookup | undefined, shape: PointShape): Promise<Map<PointId, PointVector>> {
  if (lookup === undefined) return retrieve(ids, shape);
  if (shape.lookUp === undefined) throw badRequest('lookup_from: no other collection can be looked into here');
  const { dim } = shape.collection.config;
  return shape.lookUp(lookup.collection, async (other) => {
    if (other.wire.vectorName !== lookup.vector) {
      throw badRequest(`lookup_from.vector: found \`${lookup.vector}\`, expected \`${other.wire.vectorName}\``);
    }
    if (other.collection.config.dim !== dim) {
      const found = `vectors of ${lookup.collection} have dimension ${other.collection.config.dim}`;
      throw badRequest(`lookup_from: ${found}, expected ${dim}`);
    }
    return retrieve(ids, other);
  });
}

async function retrieve(ids: PointId[], { collection }: PointShape): Promise<Map<PointId, PointVector>> {
  const points = await collection.retrieve(ids, { withPayload: false, withVector: true });
  return new Map(points.map(({ id, vector }) => [id, vector as PointVector]));
}
