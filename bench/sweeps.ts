// What several suites do with the command: build an index of a data set, sweep list sizes over it, and say what a
// recall needs between two of them.
import { rmSync } from 'node:fs';
import { type SearchDocument, sweepColumns } from '../tools/search-document.js';
import { type CommandOptions, vamana } from './commands.js';
import { atRecall } from './curve.js';
import type { DataSet } from './data-sets.js';

export interface Sweep {
  index: SearchDocument['index'];
  rows: SearchDocument[];
}

/** The report of `build --json`, as far as it is used. */
export interface BuildDocument {
  seconds: { total: number; read: number; train: number; graph: number; reorder: number; write: number };
  rss_peak: number;
  degree_mean: number;
  bits_per_edge: number;
  partitions: number;
  order: string;
  repaired: number;
  files: { vectors: number; graph: number; codes: number; rows: number };
}

export function searchFiles(set: DataSet): string[] {
  return ['--queries', set.queries, '--truth', set.truth];
}

/** Builds anew, whatever stands there. */
export async function buildOf(
  set: DataSet,
  index: string,
  options: readonly string[] = [],
  limits: CommandOptions = {},
): Promise<BuildDocument> {
  rmSync(index, { recursive: true, force: true });
  const args = ['build', '--data', set.base, '--index', index, '--metric', set.metric, ...options];
  return vamana<BuildDocument>(args, limits);
}

/** List size, reads, microseconds and so on that a recall needs, between the list sizes around it; null past them. */
export function neededFor(
  rows: readonly SearchDocument[],
  recall: number,
  value: (row: SearchDocument) => number,
): number | null {
  const points = rows.map((row) => ({ recall: row.recall_at_k ?? Number.NaN, value: value(row) }));
  return atRecall(points, recall, 'less');
}

/** A row of a sweep as the cells of a table with sweepColumns. */
export function cellsOf(row: SearchDocument): (string | number | null)[] {
  return sweepColumns.map(({ cell }) => {
    const value = cell(row);
    return typeof value === 'number' || typeof value === 'string' ? value : null;
  });
}

export function bytesPerRow({ index, memory_bytes: memory }: SearchDocument): number {
  return (memory.graph + memory.codes) / index.rows;
}

export function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}
