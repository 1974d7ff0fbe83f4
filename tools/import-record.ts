// How far an import has come, in a small file in the collection's folder, so that the same command goes on there after
// the process was killed. Written after rows were acknowledged, so it never says too much; rows that were written and
// are not in it are written again, which changes nothing but their versions. It is not synced and its loss, or any doubt
// about it, only begins the import anew.
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { CollectionPaths, DatabasePaths, temporaryName } from '../src/disk/file-names.js';
import { type SealedFormat, seal, unseal } from '../src/disk/sealed-text.js';

/** What is imported; all of it must be as it was. */
export type ImportInputs = readonly Readonly<Record<string, string | number>>[];

export interface ImportMark {
  /** That are imported. */
  rows: number;
  /** Where a server is asked to go on: its point's id, whole numbers as digits. */
  next?: string | { number: string };
}

const FORMAT: SealedFormat = { name: 'vamana-import', version: 1, advice: 'remove it' };
const START: ImportMark = { rows: 0 };

/** Files by their path, size and time of change. NOT_FOUND, in the system's words, for one that is not there. */
export function fileInputs(paths: readonly string[]): ImportInputs {
  return paths.map((given) => {
    const path = realpathSync(given);
    const { size: bytes, mtimeMs } = statSync(path);
    return { path, bytes, mtimeMs };
  });
}

export class ImportRecord {
  private readonly path: string;

  constructor(
    dataDir: string,
    collection: string,
    private readonly inputs: ImportInputs,
  ) {
    const key = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
    const paths = new CollectionPaths(new DatabasePaths(dataDir).collection(collection));
    this.path = paths.importRecord(key);
  }

  read(): ImportMark {
    try {
      const found = unseal(readFileSync(this.path), this.path, FORMAT) as ImportMark & { inputs: unknown };
      const { inputs, rows, next } = found;
      const same = JSON.stringify(inputs) === JSON.stringify(this.inputs);
      if (!same || !Number.isSafeInteger(rows) || rows < 0) return START;
      return next === undefined ? { rows } : { rows, next };
    } catch {
      return START;
    }
  }

  write(mark: ImportMark): void {
    const temporary = temporaryName(this.path);
    writeFileSync(temporary, seal({ inputs: this.inputs, ...mark }, FORMAT));
    renameSync(temporary, this.path);
  }

  /** The import is complete: the same command imports again. */
  remove(): void {
    rmSync(this.path, { force: true });
  }
}
