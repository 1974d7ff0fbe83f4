// How far an import has come, in a small file in the collection's folder, so that the same command goes on there after
// the process was killed. Written after rows were acknowledged, so it never says too much; rows that were written and
// are not in it are written again, which changes nothing but their versions. It is not synced and its loss, or any doubt
// about it, only begins the import anew.
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { CollectionPaths, DatabasePaths, temporaryName } from '../src/disk/file-names.js';
import { type SealedFormat, seal, unseal } from '../src/disk/sealed-text.js';

interface Input {
  path: string;
  bytes: number;
  /** When it was changed last. */
  mtimeMs: number;
}

const FORMAT: SealedFormat = { name: 'vamana-import', version: 1, advice: 'remove it' };

export class ImportRecord {
  private constructor(
    private readonly path: string,
    private readonly inputs: readonly Input[],
  ) {}

  /** `inputs`: the files that are imported, all of which must be as they were. */
  static of(dataDir: string, collection: string, inputs: readonly string[]): ImportRecord {
    const found = inputs.map((given) => {
      const path = realpathSync(given);
      const { size: bytes, mtimeMs } = statSync(path);
      return { path, bytes, mtimeMs };
    });
    const key = createHash('sha256').update(JSON.stringify(found)).digest('hex').slice(0, 16);
    const paths = new CollectionPaths(new DatabasePaths(dataDir).collection(collection));
    return new ImportRecord(paths.importRecord(key), found);
  }

  /** Rows that are imported. */
  read(): number {
    try {
      const { inputs, rows } = unseal(readFileSync(this.path), this.path, FORMAT) as { inputs: unknown; rows: unknown };
      const same = JSON.stringify(inputs) === JSON.stringify(this.inputs);
      return same && Number.isSafeInteger(rows) ? Math.max(0, Number(rows)) : 0;
    } catch {
      return 0;
    }
  }

  write(rows: number): void {
    const temporary = temporaryName(this.path);
    writeFileSync(temporary, seal({ inputs: this.inputs, rows }, FORMAT));
    renameSync(temporary, this.path);
  }

  /** The import is complete: the same command imports again. */
  remove(): void {
    rmSync(this.path, { force: true });
  }
}
