// A dataset of an HDF5 file as rows of vectors, a window at a time: two-dimensional, of floats or whole numbers, as
// ann-benchmarks lays them out (train, test, neighbors, distances). Read through the package h5wasm, which is the HDF5
// library itself; chunked and gzipped datasets too. Whole numbers wider than a byte are ids and read as i32.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Dataset, File as Hdf5File } from 'h5wasm/node';
import { systemError } from '../disk/system-error.js';
import { VamanaError } from '../errors.js';
import { WINDOW_BYTES_DEFAULT } from '../limits.js';
import type { ColumnFacts, ColumnReader, RowBlock } from './column-source.js';
import { copyNumbers, type NumberArray } from './column-values.js';
import { badVectorRow, invalidArgument } from './faults.js';
import { createVectorData, elementBytes, type StoredElement, type VectorData } from './formats.js';
import { callHdf5, loadHdf5 } from './hdf5-library.js';
import { presentedElement } from './rows.js';
import type { OpenVectorOptions } from './vector-source.js';

const USUAL_DATASET = 'train';
/** Numbers of H5T_class_t. */
const INTEGER = 0;
const FLOAT = 1;

interface Shape {
  rows: number;
  dim: number;
  stored: StoredElement;
}

/** NOT_FOUND, BAD_VECTOR_FILE, INVALID_ARGUMENT, UNSUPPORTED. */
export async function openHdf5(path: string, options: OpenVectorOptions): Promise<ColumnReader> {
  const fileBytes = sizeOf(path);
  const h5 = await loadHdf5(path);
  const file = attempt(path, 'it cannot be opened', () => new h5.File(resolve(path), 'r'));
  try {
    const dataset = choose(path, file, (entity) => entity instanceof h5.Dataset, options.column);
    return new Hdf5Reader(path, fileBytes, file, dataset, shapeOf(path, dataset));
  } catch (error) {
    closeQuietly(file);
    throw error;
  }
}

function sizeOf(path: string): number {
  try {
    const found = statSync(path);
    if (!found.isFile()) throw invalidArgument(`${path} is not a regular file; give a vector file`);
    return found.size;
  } catch (error) {
    throw systemError(error, 'open', path);
  }
}

function choose(path: string, file: Hdf5File, isDataset: (entity: unknown) => boolean, asked?: string): Dataset {
  const names = attempt(path, 'its contents cannot be listed', () => file.paths()).map((name) =>
    name.replace(/^\//, ''),
  );
  const found = (name: string): unknown => attempt(path, `${name} cannot be opened`, () => file.get(name));
  if (asked !== undefined) {
    const entity = names.includes(asked) ? found(asked) : undefined;
    if (isDataset(entity)) return entity as Dataset;
    throw invalidArgument(`${path}: there is no dataset ${asked}; it has ${names.join(', ') || 'none'}`);
  }
  const tables = names.filter((name) => {
    const entity = found(name);
    return isDataset(entity) && (entity as Dataset).shape?.length === 2;
  });
  const [only] = tables;
  if (only !== undefined && (tables.length === 1 || tables.includes(USUAL_DATASET))) {
    return found(tables.length === 1 ? only : USUAL_DATASET) as Dataset;
  }
  const there = tables.length === 0 ? 'it has no two-dimensional dataset' : `it has ${tables.join(', ')}`;
  throw invalidArgument(
    `${path}: which dataset is meant is not clear; ${there}; name one after the path: ${path}#NAME`,
  );
}

function shapeOf(path: string, dataset: Dataset): Shape {
  const { shape, type, size, signed, vlen } = attempt(path, 'a dataset cannot be described', () => dataset.metadata);
  const place = `${path}: dataset ${dataset.path}`;
  if (shape === null || shape.length !== 2) {
    throw invalidArgument(
      `${place} has shape (${shape?.join(', ') ?? ''}); expected two dimensions, rows and elements`,
    );
  }
  const [rows = 0, dim = 0] = shape;
  const stored = type === FLOAT ? { 4: 'f32', 8: 'f64' }[size] : type === INTEGER ? integer(size, signed) : undefined;
  if (stored !== undefined && !vlen) return { rows, dim, stored: stored as StoredElement };
  throw invalidArgument(`${place} holds elements of another type; expected floats of 4 or 8 bytes, or whole numbers`);
}

function integer(size: number, signed: boolean): StoredElement {
  if (size === 1) return signed ? 'i8' : 'u8';
  return 'i32';
}

class Hdf5Reader implements ColumnReader {
  readonly facts: ColumnFacts;

  constructor(
    path: string,
    fileBytes: number,
    private readonly file: Hdf5File,
    private readonly dataset: Dataset,
    shape: Shape,
  ) {
    const { rows, dim, stored } = shape;
    const columns = { ids: false, payloads: false };
    this.facts = { path, fileBytes, rows, dim, stored, seekable: true, columns };
  }

  async *blocks(start: number, end: number): AsyncGenerator<RowBlock, void> {
    const rowsMax = this.blockRows();
    for (let first = start; first < end; first += rowsMax) {
      const rows = Math.min(rowsMax, end - first);
      yield { rows, data: this.read(first, rows) };
    }
  }

  close(): void {
    closeQuietly(this.file);
  }

  // Whole chunks where there are any: the library unzips a chunk anew for each part of it that is asked for.
  private blockRows(): number {
    const rows = Math.max(1, Math.floor(WINDOW_BYTES_DEFAULT / (this.facts.dim * elementBytes(this.facts.stored))));
    const chunkRows = this.dataset.metadata.chunks?.[0] ?? 1;
    return chunkRows >= rows ? Math.min(chunkRows, 8 * rows) : rows - (rows % chunkRows);
  }

  private read(first: number, rows: number): VectorData {
    const { path, dim, stored } = this.facts;
    const ranges: [number, number][] = [
      [first, first + rows],
      [0, dim],
    ];
    const found = attempt(path, `rows ${first} to ${first + rows - 1} cannot be read`, () =>
      this.dataset.slice(ranges),
    );
    if (!ArrayBuffer.isView(found) || (found as Uint8Array).length !== rows * dim) {
      throw badVectorRow(path, first, `the library gave no ${rows} x ${dim} numbers for it`);
    }
    return stored === 'i32'
      ? toIds(path, found as NumberArray, first, dim)
      : copyNumbers(this.facts, found as NumberArray, first);
  }
}

function toIds(path: string, from: NumberArray, first: number, dim: number): VectorData {
  const ids = createVectorData(presentedElement('i32'), from.length);
  for (let at = 0; at < from.length; at += 1) {
    ids[at] = Number(from[at]);
    if (ids[at] === Number(from[at])) continue;
    throw badVectorRow(path, first + Math.floor(at / dim), `element ${at % dim} is ${from[at]}, which is no i32`);
  }
  return ids;
}

// What the library noted is a failure, whatever it returned.
function attempt<T>(path: string, what: string, call: () => T): T {
  const { value, reason } = callHdf5(call);
  if (value !== undefined && reason === '') return value;
  throw new VamanaError('BAD_VECTOR_FILE', `${path}: ${what} as HDF5: ${reason}; is the file whole?`);
}

function closeQuietly(file: Hdf5File): void {
  // It was read only: nothing is lost where that fails.
  callHdf5(() => file.close());
}
