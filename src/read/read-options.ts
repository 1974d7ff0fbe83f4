// What the reading calls of a collection take.
import type { NativeFilterStrategy, NativeSearchResult } from '../binding.js';
import type { WithPayload } from '../payload/payload-selection.js';
import type { PointIdInput } from '../payload/point.js';

export interface ReadOptions {
  /** Which members of payloads answers hold. True, which is all, by default, but false for search. */
  withPayload?: WithPayload;
  /** False by default. Where vectors have names all of them, or those that are listed. */
  withVector?: boolean | readonly string[];
}

/** Which vectors are searched. */
export interface SpaceChoice {
  /** By the name of their space; those of the default one by default. */
  using?: string;
  /** What made the query: refused where the vectors are of another model. */
  model?: string;
}

export interface CollectionSearchOptions extends ReadOptions, SpaceChoice {
  /** Neighbours a query; 10 by default. */
  k?: number;
  /** Beam of the walk through each segment and the fresh rows; 64 by default. */
  listSize?: number;
  /** Candidates a segment whose pages are read; 'auto', by the codes' measured error, by default. */
  rerank?: 'auto' | number;
  /** 'approximate' reads less and estimates distances; see SearchOptions of an index. */
  scores?: 'exact' | 'approximate';
  /** Scan every vector instead. */
  exact?: boolean;
  /** Only points that match: JSON of the filter language; see src/filter/parse-filter.ts. */
  filter?: unknown;
  /** How matching points are looked for; 'auto', the cheapest by measured costs, by default. Of no effect without a filter. */
  strategy?: NativeFilterStrategy;
  /** Hears what each query cost, an entry a query in each column, before the points are read. */
  onCosts?: (costs: NonNullable<NativeSearchResult['costs']>) => void;
  /** Hears, where there is a filter, in how many milliseconds it became a set of rows. */
  onFiltered?: (ms: number) => void;
  signal?: AbortSignal;
}

export interface CollectionScrollOptions extends ReadOptions {
  /** The first id; the smallest one by default. */
  from?: PointIdInput;
  /** Only points that match. */
  filter?: unknown;
  signal?: AbortSignal;
}

export interface FilterOptions {
  signal?: AbortSignal;
}

export interface GroupSearchOptions extends Omit<CollectionSearchOptions, 'k'> {
  /** Path of the field whose values make the groups; points without one are in none. */
  groupBy: string;
  /** Groups; 10 by default. */
  limit?: number;
  /** Points of a group; 3 by default. */
  groupSize?: number;
}

export interface FacetOptions extends FilterOptions {
  /** Only points that match are counted. */
  filter?: unknown;
  /** Values; 10 by default. */
  limit?: number;
}

export interface OrderedOptions extends ReadOptions, FilterOptions {
  /** Path of the field: its index must be one of numbers or dates. Points without a value are left out. */
  orderBy: string;
  /** 'asc' by default. Of several values the least counts; for 'desc' the greatest. */
  direction?: 'asc' | 'desc';
  /** Values before it are left out: a number, or for dates microseconds since 1970 or a text. */
  startFrom?: number | string;
  /** Only points that match. */
  filter?: unknown;
}
