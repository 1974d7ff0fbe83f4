// What a collection is made with: the shape of its vectors, how its graphs and codes are built, what ids it takes.
// Fixed at creation and kept in the manifest. What may differ from one opening to the next is in runtime-options.ts.
import type { NativeElement, NativeMetric } from '../binding.js';
import { VamanaError } from '../errors.js';
import { MAX_DIMENSION } from '../limits.js';

export type CodeChoice = 'pq' | 'rabitq' | 'auto';

export interface CollectionOptions {
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
  /** Take any string as an id, besides whole numbers and UUIDs; false by default. */
  stringIds?: boolean;
}

/** The same with every default filled in; plain JSON. */
export type CollectionConfig = Required<CollectionOptions>;

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
  stringIds: false,
} as const;

const DEGREE_MIN = 4;
const DEGREE_MAX = 126;
const CODE_BYTES_MAX = 8192;
const BUILD_LIST_MAX = 100_000;
const ALPHA_MAX = 4;

/** INVALID_ARGUMENT, naming the option, for what no collection can be. */
export function resolveConfig(options: CollectionOptions): CollectionConfig {
  const unknown = Object.keys(options).find((name) => name !== 'dim' && !Object.hasOwn(DEFAULTS, name));
  if (unknown !== undefined) throw invalid(unknown, 'an option', `one of dim, ${Object.keys(DEFAULTS).join(', ')}`);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const config: CollectionConfig = { ...DEFAULTS, ...(Object.fromEntries(given) as unknown as CollectionOptions) };
  requireInteger('dim', config.dim, 1, MAX_DIMENSION);
  requireOne('metric', config.metric, METRICS);
  requireOne('element', config.element, ELEMENTS);
  requireInteger('degree', config.degree, DEGREE_MIN, DEGREE_MAX);
  requireInteger('buildList', config.buildList, config.degree, BUILD_LIST_MAX);
  if (!(config.alpha >= 1 && config.alpha <= ALPHA_MAX)) throw invalid('alpha', config.alpha, `1 to ${ALPHA_MAX}`);
  requireOne('code', config.code, CODES);
  requireInteger('codeBytes', config.codeBytes, 1, CODE_BYTES_MAX);
  if (typeof config.stringIds !== 'boolean') throw invalid('stringIds', config.stringIds, 'true or false');
  return config;
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
