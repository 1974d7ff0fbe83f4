// Where `vamana export` writes points: an interface, and files of every format. A flat format has vectors only, so ids and
// payloads lie beside it in OUT.jsonl. Servers are export-server.ts.
import type { Space } from '../src/config/spaces.js';
import type { Collection, Point, PointVector } from '../src/index.js';
import { createCast, defaultElement } from '../src/source/cast.js';
import {
  chooseFormat,
  createVectorData,
  isColumnFormat,
  type VectorData,
  type VectorElement,
} from '../src/source/formats.js';
import { floatsToHalves } from '../src/source/half.js';
import { createPointWriter, type PointWriter } from '../src/source/point-writer.js';
import { createVectorWriter, requireElement, type VectorWriter } from '../src/source/vector-writer.js';

export interface ExportedFiles {
  /** The file with ids and payloads, where the vectors' has no room for them. */
  points_file?: string;
  bytes?: number;
}

/** Where points go. */
export interface ExportTarget {
  write(points: readonly Point[]): Promise<void>;
  finish(): Promise<ExportedFiles>;
  abort(): Promise<void>;
}

/** The first id that is no number: UUIDs, and other strings after them. */
const FIRST_UUID = '00000000-0000-0000-0000-000000000000';

/** ALREADY_EXISTS, INVALID_ARGUMENT before anything is written. */
export async function openFileTarget(
  collection: Collection,
  { dim, element }: Pick<Space, 'dim' | 'element'>,
  { out, asked, force }: { out: string; asked: string | undefined; force: boolean },
): Promise<ExportTarget> {
  const format = chooseFormat(out, asked);
  const written = defaultElement(element, format) ?? element;
  requireElement(out, format, written);
  const inColumns = isColumnFormat(format);
  const textIds = inColumns && (await hasTextIds(collection));
  const vectors = await createVectorWriter(out, {
    format,
    dim,
    element: written,
    force,
    ...(inColumns ? { columns: { ids: true, payloads: true, textIds } } : {}),
  });
  const pointsFile = `${out}.jsonl`;
  let beside: PointWriter | undefined;
  try {
    beside = inColumns ? undefined : await createPointWriter(pointsFile, { force });
  } catch (error) {
    await vectors.abort();
    throw error;
  }
  return fileTarget(vectors, beside && { writer: beside, path: pointsFile }, { dim, element, written, name: out });
}

function fileTarget(
  vectors: VectorWriter,
  beside: { writer: PointWriter; path: string } | undefined,
  shape: { dim: number; element: VectorElement; written: VectorElement; name: string },
): ExportTarget {
  const cast = createCast(shape.name, shape.dim, shape.element, shape.written);
  return {
    async write(points) {
      const data = cast.apply({ firstRow: vectors.rows, data: pack(points, shape) });
      const ids = points.map(({ id }) => id);
      const payloads = points.map(({ payload }) => payload ?? null);
      if (beside === undefined) await vectors.write(data, { ids, payloads });
      else {
        await vectors.write(data);
        await beside.writer.write(ids, payloads);
      }
    },
    async finish() {
      await beside?.writer.finish();
      const { bytes } = await vectors.finish();
      return beside === undefined ? { bytes } : { bytes, points_file: beside.path };
    },
    async abort() {
      await Promise.all([vectors.abort(), beside?.writer.abort()]);
    },
  };
}

// As the collection holds them: half floats come as f32 and are the same bits again.
function pack(points: readonly Point[], { dim, element }: { dim: number; element: VectorElement }): VectorData {
  const data = createVectorData(element, points.length * dim);
  for (const [at, { vector }] of points.entries()) {
    const values = vector as PointVector;
    data.set(element === 'f16' ? floatsToHalves(values) : values, at * dim);
  }
  return data;
}

async function hasTextIds(collection: Collection): Promise<boolean> {
  const { points } = await collection.scrollPage(1, { from: FIRST_UUID, withPayload: false });
  return points.length > 0;
}
