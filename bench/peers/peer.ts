// What the benchmark asks of a peer: build an index of streamed rows in a folder, open it, answer queries with row
// numbers. One file a library beside this one implements it; peer-child.ts calls it, in a process of its own.
import type { Metric } from '../../src/index.js';
import type { PeerKind, Settings } from '../document.js';

export type { PeerKind, Settings } from '../document.js';

/** Loads a package from the folder that the benchmark installed the peers in. */
export type LoadPackage = (name: string) => unknown;

export interface PeerTask {
  /** Of the index; empty before a build. */
  folder: string;
  metric: Metric;
  rows: number;
  dim: number;
  element: string;
  k: number;
  load: LoadPackage;
}

/** Rows of the base set in order, as f32. */
export interface RowBlock {
  firstRow: number;
  rows: number;
  data: Float32Array;
}

export interface BuildTask extends PeerTask {
  settings: Settings;
  threads: number;
  /** The vector file itself, for who reads it better alone. */
  file: string;
  blocks(rowsMax: number): AsyncIterable<RowBlock>;
}

export interface OpenTask extends PeerTask {
  build: Settings;
  settings: Settings;
  threads: number;
}

type Ids = ArrayLike<number | bigint>;

/** Ids of the nearest rows, nearest first; at most k of them a query. */
export interface OpenedPeer {
  search(query: Float32Array): Ids | Promise<Ids>;
  /** The same where it leaves the calling thread free, so that calls in flight use several threads. */
  searchInFlight?(query: Float32Array): Promise<Ids>;
  /** All queries in the peer's own way of using several threads, which is preferred: count x k ids. */
  searchBatch?(queries: Float32Array, count: number): Promise<Ids>;
  /** Goes on with other settings of the sweep; without it the index is closed and opened anew for them. */
  use?(settings: Settings): void;
  close(): void | Promise<void>;
}

export interface Peer {
  readonly name: string;
  readonly kind: PeerKind;
  /** The npm package, as in peers.json; null for this project's own. */
  readonly package: string | null;
  /** Searches the index of this peer instead of building one. */
  readonly sharesIndexOf?: string;
  /** Ways of building worth trying; the first one alone in the quick run. */
  builds(task: Pick<PeerTask, 'rows' | 'dim'>): Settings[];
  /** Settings to search with, from fast to thorough. */
  sweep(task: Pick<PeerTask, 'rows' | 'dim'>): Settings[];
  build(task: BuildTask): Promise<void>;
  open(task: OpenTask): Promise<OpenedPeer>;
}

export function numberOf(settings: Settings, name: string): number {
  const value = settings[name];
  if (typeof value !== 'number') throw new Error(`no number ${name} in ${JSON.stringify(settings)}`);
  return value;
}

/** One list of settings for a parameter that takes several values. */
export function each(name: string, values: readonly number[]): Settings[] {
  return values.map((value) => ({ [name]: value }));
}
