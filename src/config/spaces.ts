// The vector spaces of a collection: which there are, their names, and the numbers by which the log, the metadata and the
// manifest know them. A number is never given twice, so what is left of a space that was dropped is nobody's. A
// collection that was made without names has one space, whose name is empty and whose number is 0.
import { VamanaError } from '../errors.js';
import type { CollectionConfig, SpaceConfig } from './collection-config.js';

/** Of a collection whose vectors have names; the default space's own members are those of the collection. */
export interface SpaceNames<Config> {
  /** `chosen`: it was made the default by name, not by coming first. */
  default: { name: string; number: number; chosen?: true };
  others: readonly (Config & { name: string; number: number })[];
  /** Above the number of every space there ever was. */
  nextNumber: number;
  /** How far spaces have been filled with the vectors of points that were there before them. */
  backfills?: readonly BackfillMark[];
}

export interface BackfillMark {
  /** Its number. */
  space: number;
  /** Entries of the source that are in the collection or were passed over. */
  position: number;
  isFinished: boolean;
}

/** One vector space with its name and number. */
export type Space = SpaceConfig & { readonly name: string; readonly number: number };

/** The number of the space of a collection that was made without names. */
export const FIRST_SPACE = 0;
export const SPACES_MAX = 16;
const NAME_LENGTH_MAX = 255;

/** A configuration never changes: another one takes its place. */
const known = new WeakMap<CollectionConfig, readonly [Space, ...Space[]]>();

/** The default space first. */
export function spacesOf(config: CollectionConfig): readonly [Space, ...Space[]] {
  let spaces = known.get(config);
  if (spaces === undefined) {
    spaces = listSpaces(config);
    known.set(config, spaces);
  }
  return spaces;
}

function listSpaces(config: CollectionConfig): readonly [Space, ...Space[]] {
  const { spaces, stringIds: _, ...own } = config;
  const { name, number } = spaces?.default ?? { name: '', number: FIRST_SPACE };
  return [{ ...own, name, number }, ...(spaces?.others ?? [])];
}

/** The space of that name, the default one where none is named. INVALID_ARGUMENT where there is none such. */
export function spaceOf(config: CollectionConfig, name?: string): Space {
  const spaces = spacesOf(config);
  const found = name === undefined ? spaces[0] : spaces.find((space) => space.name === name);
  if (found !== undefined) return found;
  throw new VamanaError(
    'INVALID_ARGUMENT',
    `there is no vector named ${JSON.stringify(name)}; ${describeSpaces(config)}`,
  );
}

/** The space of that number. INTERNAL where there is none. */
export function spaceNumbered(config: CollectionConfig, number: number): Space {
  const found = spacesOf(config).find((space) => space.number === number);
  if (found === undefined) throw new VamanaError('INTERNAL', `there is no vector space ${number}`);
  return found;
}

/** The space that a space has the first elements of; itself where it has vectors of its own. */
export function baseOf(config: CollectionConfig, space: Space): Space {
  return space.prefixOf === undefined ? space : spaceOf(config, space.prefixOf);
}

/** INVALID_ARGUMENT for a space that cannot be a prefix of the one it names. */
export function requirePrefixes(spaces: readonly (SpaceConfig & { name: string })[]): void {
  for (const { name, prefixOf, dim, element, metric } of spaces) {
    if (prefixOf === undefined) continue;
    const base = spaces.find((other) => other.name === prefixOf);
    const fits = base !== undefined && base.prefixOf === undefined && base.dim > dim;
    if (fits && base.element === element && base.metric === metric) continue;
    const expected = 'a space of its own vectors with more elements, of the same type and metric';
    throw new VamanaError('INVALID_ARGUMENT', `spaces.${name}.prefixOf: found ${prefixOf}, expected ${expected}`);
  }
}

/** Whether points name their vectors, and may lack any of them. */
export function hasNames({ spaces }: Pick<CollectionConfig, 'spaces'>): boolean {
  return spaces !== undefined;
}

/** What stands for the spaces of a row where nothing is said of them. */
export function isFirstOnly(spaces: readonly number[]): boolean {
  return spaces.length === 1 && spaces[0] === FIRST_SPACE;
}

/** For messages. */
export function describeSpaces(config: CollectionConfig): string {
  if (!hasNames(config)) return 'the collection has one vector without a name';
  return `the collection has ${spacesOf(config)
    .map(({ name }) => JSON.stringify(name))
    .join(', ')}`;
}

/** INVALID_ARGUMENT for a model that is not that of the space. Spaces and calls without one fit everything. */
export function requireModel({ name, model }: Space, given: string | undefined): void {
  if (given === undefined || model === undefined || given === model) return;
  const space = name === '' ? 'the collection' : `the space ${JSON.stringify(name)}`;
  const message = `${space} holds vectors of the model ${model}, found some of ${given}; they do not mix`;
  throw new VamanaError('INVALID_ARGUMENT', message);
}

/** INVALID_ARGUMENT for what no space can be called. */
export function requireSpaceName(name: string): void {
  if (name.length <= NAME_LENGTH_MAX && !/\p{Surrogate}|\p{Cc}/u.test(name)) return;
  const expected = `up to ${NAME_LENGTH_MAX} characters without control characters`;
  throw new VamanaError(
    'INVALID_ARGUMENT',
    `the name of a vector: found ${JSON.stringify(name)}, expected ${expected}`,
  );
}

/** With one more. ALREADY_EXISTS where there is one of that name, INVALID_ARGUMENT where there are too many. */
export function withNewSpace(config: CollectionConfig, name: string, added: SpaceConfig): CollectionConfig {
  requireSpaceName(name);
  const all = spacesOf(config);
  if (all.some((space) => space.name === name)) {
    throw new VamanaError(
      'ALREADY_EXISTS',
      `there is a vector named ${JSON.stringify(name)}; ${describeSpaces(config)}`,
    );
  }
  if (all.length >= SPACES_MAX) {
    throw new VamanaError(
      'INVALID_ARGUMENT',
      `at most ${SPACES_MAX} vectors can have names; ${describeSpaces(config)}`,
    );
  }
  const before = namesOf(config);
  requirePrefixes([...all, { ...added, name }]);
  const others = [...before.others, { ...added, name, number: before.nextNumber }];
  return { ...config, spaces: { ...before, others, nextNumber: before.nextNumber + 1 } };
}

/** Without one. INVALID_ARGUMENT for the default one and for a name that there is none of. */
export function withoutSpace(config: CollectionConfig, name: string): CollectionConfig {
  const { number } = spaceOf(config, name);
  const before = namesOf(config);
  if (before.default.number === number) {
    const message = `${JSON.stringify(name)} is the default space and cannot be dropped; choose another one first`;
    throw new VamanaError('INVALID_ARGUMENT', message);
  }
  const prefix = spacesOf(config).find(({ prefixOf }) => prefixOf === name);
  if (prefix !== undefined) {
    const message = `${JSON.stringify(prefix.name)} is a prefix of ${JSON.stringify(name)}; drop that first`;
    throw new VamanaError('INVALID_ARGUMENT', message);
  }
  const backfills = (before.backfills ?? []).filter((backfill) => backfill.space !== number);
  return {
    ...config,
    spaces: { ...before, others: before.others.filter((other) => other.number !== number), backfills },
  };
}

/** With another default, `chosen` by name or not. INVALID_ARGUMENT for a name that there is none of. */
export function withDefaultSpace(config: CollectionConfig, name: string, chosen: boolean): CollectionConfig {
  const { name: _, number, ...own } = spaceOf(config, name);
  const others = spacesOf(config).filter((space) => space.number !== number);
  const { stringIds } = config;
  const names = { name, number, ...(chosen ? { chosen: true as const } : {}) };
  return { ...own, stringIds, spaces: { ...namesOf(config), default: names, others } };
}

function namesOf({ spaces }: CollectionConfig): SpaceNames<SpaceConfig> {
  return spaces ?? { default: { name: '', number: FIRST_SPACE }, others: [], nextNumber: FIRST_SPACE + 1 };
}

/** The configuration with one space changed by `change`; the space must be there. */
export function withSpace(config: CollectionConfig, number: number, change: Partial<SpaceConfig>): CollectionConfig {
  const { spaces } = config;
  if (spaces === undefined || spaces.default.number === number) return { ...config, ...change };
  const others = spaces.others.map((space) => (space.number === number ? { ...space, ...change } : space));
  return { ...config, spaces: { ...spaces, others } };
}
