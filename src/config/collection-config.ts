// What a collection is made with: the shape of its vectors, how its graphs and codes are built, what ids it takes.
// Kept in the manifest. A collection has one vector space without a name, or several with names (spaces.ts). What may
// differ from one opening to the next is in runtime-options.ts.
import type { NativeElement, NativeMetric } from '../binding.js';
import { VamanaError } from '../errors.js';
import { MAX_DIMENSION } from '../limits.js';
import { requirePrefixes, requireSpaceName, type SpaceNames, SPACES_MAX } from './spaces.js';

export type CodeChoice = 'pq' | 'rabitq' | 'auto';

/** Of one vector space. */
export interface SpaceOptions {
  /** Elements a vector, 1 to 65,536. */
  dim: number;
  /** 'l2' by default; see BuildIndexOptions.metric for what distances are. */
  metric?: NativeMetric;
  /** How vectors are held: 'f32' (the default), 'f16', 'u8' or 'i8'. */
  element?: NativeElement;
  /** Most neighbours a node keeps (R of the Vamana paper), 4 to 126; 24 by default. */
  degree?: number;
  /** Beam of the searches that find them (L); 100 by default. */
  buildList?: number;
  /** How much longer a detour may be before an edge is kept, 1 to 4; 1.2 by default. */
  alpha?: number;
  /** Code kept in RAM for every vector of a segment; 'auto' by default. */
  code?: CodeChoice;
  /** Bytes of that code, at most; 68 by default. */
  codeBytes?: number;
  /** Name and version of what makes the vectors; vectors that are said to be of another are refused. */
  model?: string;
  /**
   * The name of a space with more elements, whose first ones are the vectors here: they come with those, and a search of
   * this space takes whole vectors, walks by their first elements and ranks on all.
   */
  prefixOf?: string;
}

/** Of a collection with one vector space, which has no name. */
export interface CollectionOptions extends SpaceOptions {
  /** Take any string as an id, besides whole numbers and UUIDs; false by default. */
  stringIds?: boolean;
}

/** Of a collection whose vectors have names: a point has a vector in any of the spaces, or in none. */
export interface NamedCollectionOptions extends Pick<CollectionOptions, 'stringIds'> {
  spaces: Readonly<Record<string, SpaceOptions>>;
  /** The space that is asked where none is named; the first one by default. */
  defaultSpace?: string;
}

/** The same with every default filled in; plain JSON. */
export type SpaceConfig = Required<Omit<SpaceOptions, 'model' | 'prefixOf'>> & Pick<SpaceOptions, 'model' | 'prefixOf'>;

/** Its own members are those of the only space, or of the default one where there are `spaces`. */
export type CollectionConfig = SpaceConfig & {
  stringIds: boolean;
  spaces?: SpaceNames<SpaceConfig>;
};

const METRICS: readonly NativeMetric[] = ['l2', 'cosine', 'dot', 'l1'];
const ELEMENTS: readonly NativeElement[] = ['f32', 'f16', 'u8', 'i8'];
const CODES: readonly CodeChoice[] = ['pq', 'rabitq', 'auto'];

const DEFAULTS = {
  metric: 'l2',
  element: 'f32',
  degree: 24,
  buildList: 100,
  alpha: 1.2,
  code: 'auto',
  codeBytes: 68,
} as const;
const COLLECTION_DEFAULTS = { ...DEFAULTS, stringIds: false } as const;

const DEGREE_MIN = 4;
const DEGREE_MAX = 126;
const CODE_BYTES_MAX = 8192;
const BUILD_LIST_MAX = 100_000;
const ALPHA_MAX = 4;

/** INVALID_ARGUMENT, naming the option, for what no collection can be. */
export function resolveConfig(options: CollectionOptions | NamedCollectionOptions): CollectionConfig {
  if ('spaces' in options) return resolveNamed(options);
  const { stringIds = false, ...space } = options;
  if (space.prefixOf !== undefined) throw invalid('prefixOf', space.prefixOf, 'one of several spaces to have it');
  return { ...resolveSpace(space, '', COLLECTION_DEFAULTS), stringIds: requireBoolean('stringIds', stringIds) };
}

/** The same of one space; `place` says which in messages. */
export function resolveSpace(options: SpaceOptions, place = '', known: object = DEFAULTS): SpaceConfig {
  const { model, prefixOf, ...rest } = options;
  const unknown = Object.keys(rest).find((name) => name !== 'dim' && !Object.hasOwn(known, name));
  if (unknown !== undefined) {
    throw invalid(place + unknown, 'an option', `one of dim, model, prefixOf, ${Object.keys(known).join(', ')}`);
  }
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  const config: SpaceConfig = { ...DEFAULTS, ...(Object.fromEntries(given) as unknown as SpaceOptions) };
  requireInteger(`${place}dim`, config.dim, 1, MAX_DIMENSION);
  requireOne(`${place}metric`, config.metric, METRICS);
  requireOne(`${place}element`, config.element, ELEMENTS);
  requireInteger(`${place}degree`, config.degree, DEGREE_MIN, DEGREE_MAX);
  requireInteger(`${place}buildList`, config.buildList, config.degree, BUILD_LIST_MAX);
  if (!(config.alpha >= 1 && config.alpha <= ALPHA_MAX)) {
    throw invalid(`${place}alpha`, config.alpha, `1 to ${ALPHA_MAX}`);
  }
  requireOne(`${place}code`, config.code, CODES);
  requireInteger(`${place}codeBytes`, config.codeBytes, 1, CODE_BYTES_MAX);
  if (model !== undefined && (typeof model !== 'string' || model === '')) {
    throw invalid(`${place}model`, model, 'a text that is not empty');
  }
  return { ...config, ...(model === undefined ? {} : { model }), ...(prefixOf === undefined ? {} : { prefixOf }) };
}

function resolveNamed(options: NamedCollectionOptions): CollectionConfig {
  const { spaces, stringIds = false, defaultSpace, ...others } = options;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) throw invalid(unknown, 'an option', 'one of spaces, defaultSpace, stringIds');
  const names = Object.keys(spaces);
  if (names.length === 0 || names.length > SPACES_MAX) {
    throw invalid('spaces', `${names.length} spaces`, `1 to ${SPACES_MAX}`);
  }
  for (const name of names) requireSpaceName(name);
  const chosen = defaultSpace ?? (names[0] as string);
  if (!names.includes(chosen)) throw invalid('defaultSpace', chosen, `one of ${names.join(', ')}`);
  const resolved = names.map((name, number) => ({
    name,
    number,
    ...resolveSpace(spaces[name] as SpaceOptions, `spaces.${name}.`),
  }));
  requirePrefixes(resolved);
  const { name, number, ...own } = resolved.find((space) => space.name === chosen) as (typeof resolved)[number];
  return {
    ...own,
    stringIds: requireBoolean('stringIds', stringIds),
    spaces: {
      default: { name, number, ...(defaultSpace === undefined ? {} : { chosen: true as const }) },
      others: resolved.filter((space) => space.name !== chosen),
      nextNumber: names.length,
    },
  };
}

function requireBoolean(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw invalid(name, value, 'true or false');
}

function requireInteger(name: string, value: unknown, least: number, most: number): void {
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return;
  throw invalid(name, value, `a whole number from ${least} to ${most}`);
}

function requireOne(name: string, value: unknown, choices: readonly string[]): void {
  if (typeof value !== 'string' || !choices.includes(value)) throw invalid(name, value, choices.join(', '));
}

function invalid(name: string, found: unknown, expected: string): VamanaError {
  return new VamanaError('INVALID_ARGUMENT', `collection option ${name}: found ${String(found)}, expected ${expected}`);
}
