// The authority on `<index>.tuned`, which lies beside an index's folder: the list size and rerank depth that searches of
// that index take when none is given. A sealed JSON document (disk/sealed-text.ts) whose first line is
// "vamana-tuned <format version>".
//
// 1. It holds the uuid of the segment that it was measured on; for any other segment under the name it does not count.
// 2. Without it, and after it is deleted, the defaults of the software count.
// 3. Damaged or of a later version it stops the opening of the index, which would otherwise search differently from
//    before without a word.
import { resolve } from 'node:path';
import { nodeStorage } from '../disk/node-storage.js';
import { type SealedFormat, seal, sealedCorrupt, unseal } from '../disk/sealed-text.js';
import { replaceFile } from '../disk/staged-file.js';
import { withFile } from '../disk/storage.js';
import { VamanaError } from '../errors.js';

export interface Tuning {
  /** Of the segment. */
  uuid: string;
  /** Results a query that it was measured for. */
  k: number;
  targetRecall: number;
  listSize: number;
  rerank: 'auto' | number;
  /** Measured with it, on queries that had no part in choosing it. */
  heldOut: { queries: number; recall: number; standardError: number; reads: number };
  /** ISO 8601. */
  createdAt: string;
}

const FORMAT: SealedFormat = {
  name: 'vamana-tuned',
  version: 1,
  advice: 'delete the file, or run vamana tune again',
};

export function tuningPath(dir: string): string {
  return `${resolve(dir)}.tuned`;
}

export async function writeTuning(dir: string, tuning: Tuning): Promise<string> {
  const path = tuningPath(dir);
  const problem = tuningProblem(tuning);
  if (problem !== null) throw new VamanaError('INTERNAL', `a tuning to be written: ${problem}`);
  await replaceFile(nodeStorage, path, [seal(tuning, FORMAT)]);
  return path;
}

/** Null where there is none. CORRUPT, TOO_NEW, IO. */
export async function readTuning(dir: string): Promise<Tuning | null> {
  const path = tuningPath(dir);
  try {
    return await withFile(nodeStorage, path, 'read', async (file) => {
      const found = unseal(await file.read(0, await file.size()), path, FORMAT);
      const problem = tuningProblem(found);
      if (problem === null) return found as Tuning;
      throw sealedCorrupt(path, 0, `not a tuning of an index: ${problem}`, FORMAT);
    });
  } catch (error) {
    if (error instanceof VamanaError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

/** What a search of `k` results begins with; more results than it was measured for widen both in proportion. */
export function tunedFor({ k: measured, listSize, rerank }: Tuning, k: number): Pick<Tuning, 'listSize' | 'rerank'> {
  const factor = Math.max(1, k / measured);
  return {
    listSize: Math.ceil(listSize * factor),
    rerank: rerank === 'auto' ? rerank : Math.ceil(rerank * factor),
  };
}

function tuningProblem(found: unknown): string | null {
  if (typeof found !== 'object' || found === null) return 'expected an object';
  const tuning = found as Record<keyof Tuning, unknown>;
  for (const name of ['uuid', 'createdAt'] as const) {
    if (typeof tuning[name] !== 'string') return `${name}: expected a string`;
  }
  for (const name of ['k', 'listSize'] as const) {
    if (!isPositive(tuning[name])) return `${name}: found ${JSON.stringify(tuning[name])}, expected 1 or more`;
  }
  if (tuning.rerank !== 'auto' && !isPositive(tuning.rerank)) {
    return `rerank: found ${JSON.stringify(tuning.rerank)}, expected "auto" or a number`;
  }
  if (typeof tuning.targetRecall !== 'number') return 'targetRecall: expected a number';
  if (typeof tuning.heldOut !== 'object' || tuning.heldOut === null) return 'heldOut: expected an object';
  return null;
}

function isPositive(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}
