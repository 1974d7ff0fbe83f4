// Whether what is stored of field indexes says the same as the payloads, row by row; and mending: the index is made again
// from the payloads. Each index is in memory while it is checked, as in an open collection. What is stored is as of an
// earlier record: rows that came or changed since are not compared, opening looks at these itself.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RoaringBitmap32 } from '../bitmap.js';
import { asVamanaError, VamanaError } from '../errors.js';
import { deadRowsOf, FieldIndex } from '../field/field-index.js';
import type { FieldDefinition } from '../meta/field-tables.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import type { MetaStore } from '../meta/meta-store.js';
import { decodePayload } from '../payload/payload-codec.js';

export interface FieldProblem {
  code: 'BAD_FIELD_INDEX';
  /** Of the index; null where the definitions cannot be read. */
  id: number | null;
  message: string;
}

const PAGE_ROWS = 500;

export async function* checkFields(meta: MetaSnapshot, signal?: AbortSignal): AsyncGenerator<FieldProblem, void> {
  if (!meta.hasFields) return;
  let definitions: FieldDefinition[];
  try {
    definitions = meta.fieldDefinitions();
  } catch (error) {
    yield { code: 'BAD_FIELD_INDEX', id: null, message: asVamanaError(error).message };
    return;
  }
  const live = new RoaringBitmap32();
  for await (const { row } of liveRecords(meta, signal)) live.add(row);
  const isDead = deadRowsOf(live, meta.nextRow);
  for (const definition of definitions) {
    const wrong = await checkField(meta, definition, live, isDead, signal);
    if (wrong === null) continue;
    const message = `field index ${JSON.stringify(definition.key)}: ${wrong}; vamana verify --repair makes it again`;
    yield { code: 'BAD_FIELD_INDEX', id: definition.id, message };
  }
}

/** Makes indexes again from the payloads and stores them. The collection must be nobody else's. */
export async function repairFields(meta: MetaStore, ids: ReadonlySet<number>): Promise<void> {
  const snapshot = meta.snapshot();
  try {
    for (const { id, key, schema } of snapshot.fieldDefinitions()) {
      if (!ids.has(id)) continue;
      await meta.forgetColumns(id);
      const index = new FieldIndex(key, schema);
      for await (const { row, payload } of liveRecords(snapshot)) {
        if (payload !== null) index.put(row, decodePayload(payload));
      }
      const pages = index.changedPages().map(([part, page]) => ({ part, page, bytes: index.encodePage(part, page) }));
      await meta.storeField({ id, sets: index.encodeSets(), pages });
    }
  } finally {
    snapshot.release();
  }
}

async function checkField(
  meta: MetaSnapshot,
  { id, key, schema }: FieldDefinition,
  live: RoaringBitmap32,
  isDead: (row: number) => boolean,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const index = new FieldIndex(key, schema);
  const one = new FieldIndex(key, schema);
  const touched = new Set(meta.touchedRows());
  try {
    const stored = meta.storedField(id);
    if (stored === undefined) return null;
    if (stored.seq > meta.seq) return `it is of record ${stored.seq}, ${meta.seq} is the last`;
    if (!index.load(stored, live, isDead)) return 'its pages do not fit together';
    for await (const { row, payload } of liveRecords(meta, signal)) {
      if (row >= stored.nextRow || touched.has(row)) continue;
      one.put(0, payload === null ? null : decodePayload(payload));
      const same = one.describe(0) === index.describe(row);
      one.remove(0);
      if (!same) return `row ${row} is in it with other values than in its payload`;
    }
    return null;
  } catch (thrown) {
    const error = asVamanaError(thrown);
    if (error.code === 'ABORTED' || error.code === 'CLOSED') throw error;
    return error.message;
  }
}

async function* liveRecords(
  meta: MetaSnapshot,
  signal?: AbortSignal,
): AsyncGenerator<{ row: number; payload: Uint8Array | null }, void> {
  for (let first = 0; ; ) {
    const page = meta.scanRows(first, PAGE_ROWS);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ROWS) return;
    first = last.row + 1;
    await nextTurn();
    if (signal?.aborted === true) throw new VamanaError('ABORTED', 'the check of the field indexes was cancelled');
  }
}
