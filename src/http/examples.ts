// The vectors of the examples of a query: those that are given, and those of points, which may be of another collection
// (`lookup_from`). Called by search.ts and recommend.ts.
import type { Space } from '../config/spaces.js';
import type { PointId } from '../payload/point.js';
import type { PointVector } from '../read/assemble.js';
import { badRequest, notFound } from './wire-error.js';
import type { PointShape } from './wire-point.js';
import { spaceNamed, vectorIn } from './wire-spaces.js';

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
export async function vectorsOf(examples: Examples, space: Space, shape: PointShape): Promise<ExampleVectors> {
  const { positive, negative, lookup } = examples;
  const ids = [...positive, ...negative].filter((example) => typeof example !== 'object') as PointId[];
  const byId = ids.length === 0 ? new Map<PointId, PointVector>() : await stored(ids, lookup, space, shape);
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

function stored(
  ids: PointId[],
  lookup: Lookup | undefined,
  space: Space,
  shape: PointShape,
): Promise<Map<PointId, PointVector>> {
  if (lookup === undefined) return retrieve(ids, space, shape);
  if (shape.lookUp === undefined) throw badRequest('lookup_from: no other collection can be looked into here');
  return shape.lookUp(lookup.collection, async (other) => {
    const there = spaceNamed(lookup.vector || undefined, other, 'lookup_from.vector');
    if (there.dim !== space.dim) {
      const found = `vectors of ${lookup.collection} have dimension ${there.dim}`;
      throw badRequest(`lookup_from: ${found}, expected ${space.dim}`);
    }
    return retrieve(ids, there, other);
  });
}

/** Those that have one there. */
async function retrieve(ids: PointId[], space: Space, { collection }: PointShape): Promise<Map<PointId, PointVector>> {
  const points = await collection.retrieve(ids, { withPayload: false, withVector: [space.name] });
  const found = points.map((point) => [point.id, vectorIn(point, space)] as const);
  return new Map(found.filter((entry): entry is [PointId, PointVector] => entry[1] !== undefined));
}
