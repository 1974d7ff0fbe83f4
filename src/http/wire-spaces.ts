// The names of vectors on the wire, and the vector spaces of the library that they mean. A space has the same name on
// both sides but for the one without a name: what the wire calls that is in the registry (wire-registry.ts), since
// collections with one named vector once were made so.
import type { CollectionConfig } from '../config/collection-config.js';
import { baseOf, hasNames, type Space, spaceOf, spacesOf } from '../config/spaces.js';
import type { Point, PointVector } from '../read/assemble.js';
import { isObject } from './fields.js';
import { badRequest, notSupported } from './wire-error.js';
import type { WireCollection } from './wire-registry.js';

/** Plain values, which can be sent to a thread. */
export interface SpaceNamesShape {
  collection: { readonly config: CollectionConfig };
  wire: WireCollection;
}

/** '' for the unnamed one. */
export function wireName({ name }: Pick<Space, 'name'>, wire: WireCollection): string {
  return name === '' ? wire.vectorName : name;
}

/** The space of the vector of that name; without one the unnamed vector's. 400 where there is none such. */
export function spaceNamed(name: string | undefined, { collection, wire }: SpaceNamesShape, place: string): Space {
  const spaces = spacesOf(collection.config);
  const found = spaces.find((space) => wireName(space, wire) === (name ?? ''));
  if (found !== undefined) return found;
  const names = spaces.map((space) => wireName(space, wire));
  if (name === undefined) {
    const required = names.map((each) => `\`${each}\``).join(' or ');
    throw badRequest(`${place}: the collection requires the vector name ${required}`);
  }
  if (isObject(wire.asked.sparse_vectors) && Object.hasOwn(wire.asked.sparse_vectors, name)) {
    throw notSupported(`the sparse vector \`${name}\` (${place})`, 'leave it out');
  }
  const own = names.map((each) => (each === '' ? 'one unnamed vector' : `the vector \`${each}\``)).join(', ');
  throw badRequest(`${place}: Not existing vector name error: \`${name}\`; the collection has ${own}`);
}

/**
 * The space that a query means: of the name it gives; else the chosen default, or the unnamed vector's. `space` is the one
 * whose vectors it is asked by, and ranked on, where that which it names is a prefix.
 */
export function spacesAsked(
  name: string | undefined,
  shape: SpaceNamesShape,
  place: string,
): { space: Space; using: string } {
  const { config } = shape.collection;
  const isChosen = name === undefined && config.spaces?.default.chosen === true;
  const named = isChosen ? spaceOf(config) : spaceNamed(name, shape, place);
  return { space: baseOf(config, named), using: named.name };
}

/** Whether a point may lack vectors. */
export function mayLackVectors({ collection }: SpaceNamesShape): boolean {
  return hasNames(collection.config);
}

/** That of a point which was read with it; undefined where the point has none. */
export function vectorIn(
  { vector, vectors }: Pick<Point, 'vector' | 'vectors'>,
  space: Space,
): PointVector | undefined {
  if (space.name === '') return vector;
  return vectors !== undefined && Object.hasOwn(vectors, space.name) ? vectors[space.name] : undefined;
}
