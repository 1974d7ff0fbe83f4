// What `vamana import` takes points from, whatever it is: a vector file with its ids and payloads, or a server
// (import-server.ts). Here are the files.
import { existsSync } from 'node:fs';
import type { CollectionOptions, PointInput, VectorElement } from '../src/index.js';
import { invalidArgument } from '../src/source/faults.js';
import { chooseFormat, isColumnFormat, splitColumn } from '../src/source/formats.js';
import { openIdList } from '../src/source/id-list.js';
import { openVectorSource, vectorElement } from '../src/source/vector-source.js';
import type { ColumnOptions } from './column-options.js';
import { type ImportFiles, readPoints } from './import-points.js';
import { fileInputs, type ImportInputs, type ImportMark } from './import-record.js';

export interface ImportInput {
  /** As the user named it. */
  readonly name: string;
  /** Points there are; of a server, when it was asked. */
  readonly rows: number;
  /** What a collection that is made for it has, unless the user says otherwise. */
  readonly defaults: Pick<CollectionOptions, 'dim'> & Partial<CollectionOptions>;
  /** What the record of how far the import came is kept under. */
  readonly inputs: ImportInputs;
  points(from: ImportMark, element: VectorElement): AsyncIterable<PointInput>;
  /** Where to go on when `points` more of them, since `from`, are acknowledged. */
  markAfter(points: number): ImportMark;
  close(): void;
}

export interface FileOptions extends ColumnOptions {
  ids?: string;
  payload?: string;
  points?: string;
}

/** Every file is looked at before anything is made. */
export async function openFileInput(path: string, options: FileOptions): Promise<ImportInput> {
  const { ids, payload, points } = options;
  if (points !== undefined && (ids !== undefined || payload !== undefined)) {
    throw invalidArgument('--points has ids and payloads; leave --ids and --payload out');
  }
  const inColumns = isColumnFormat(chooseFormat(path, options.format)) && points === undefined;
  const column = (named: string | undefined): string | boolean =>
    inColumns && (named === undefined ? true : existsSync(named) ? false : named);
  const besides = (named: string | undefined): string | undefined =>
    named !== undefined && column(named) === false ? named : undefined;
  const [idFile, payloadFile] = [besides(ids), besides(payload)];
  const source = await openVectorSource(path, { ...options, ids: column(ids), payload: column(payload) });
  const list = idFile === undefined ? undefined : await openIdList(idFile);
  const close = (): void => {
    source.close();
    list?.close();
  };
  try {
    const element = vectorElement(source);
    if (list !== undefined && list.rows !== null && list.rows !== source.rows) {
      throw invalidArgument(`${idFile} has ${list.rows} ids, but ${path} has ${source.rows} rows; expected one a row`);
    }
    const files: ImportFiles = {
      source,
      ids: list === undefined || idFile === undefined ? undefined : { path: idFile, list },
      payload: payloadFile,
      points,
    };
    const named = [splitColumn(path).file, idFile, payloadFile, points].filter((name) => name !== undefined);
    let from = 0;
    return {
      name: path,
      rows: source.rows,
      defaults: { dim: source.dim, element },
      inputs: [...fileInputs(named), ...choices(path, options, inColumns)],
      points(mark, wanted) {
        from = mark.rows;
        return readPoints(files, from, wanted);
      },
      markAfter: (done) => ({ rows: from + done }),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

// Other columns of the same file are another import.
function choices(path: string, { column, ids, payload }: FileOptions, inColumns: boolean): ImportInputs {
  if (!inColumns) return [];
  return [{ column: column ?? splitColumn(path).column ?? '', ids: ids ?? '', payload: payload ?? '' }];
}
