// What run-peers.ts hands to a child process (peer-child.ts), and what it gets back: a line of JSON a result in a file,
// written as soon as it is there, so that what was measured before a crash is kept.
import type { Metric } from '../../src/index.js';
import type { PeerRow, Settings } from '../document.js';

export interface ChildTask {
  action: 'build' | 'search';
  peer: string;
  folder: string;
  /** Where the peer's packages are. */
  packages: string;
  base: string;
  queries: string;
  metric: Metric;
  k: number;
  build: Settings;
  /** Of the build, or of the search. */
  threads: number;
  /** A point of the sweep ends after so long, with the queries done until then. */
  secondsPerPoint: number;
  /** Lines of results. */
  results: string;
}

export interface BuildLine {
  seconds: number;
  rss_peak: number;
}

/** A row still without its recall, which the parent counts from the ids. */
export interface SearchLine extends Omit<PeerRow, 'recall_at_k'> {
  /** File of queries x k u32 ids. */
  ids: string;
}
