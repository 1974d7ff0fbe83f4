// What the reading calls of a collection take.
import type { WithPayload } from '../payload/payload-selection.js';
import type { PointIdInput } from '../payload/point.js';

export interface ReadOptions {
  /** Which members of payloads answers hold. True, which is all, by default, but false for search. */
  withPayload?: WithPayload;
  /** False by default. */
  withVector?: boolean;
}

export interface CollectionSearchOptions extends ReadOptions {
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
  signal?: AbortSignal;
}

export interface CollectionScrollOptions extends ReadOptions {
  /** The first id; the smallest one by default. */
  from?: PointIdInput;
  signal?: AbortSignal;
}
