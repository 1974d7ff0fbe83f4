// Field indexes as they are when a collection is opened: what is stored of each, brought up to the last record by the
// payloads of the rows that came or changed since. One that is not stored, or not soundly, begins empty.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ReadonlyRoaringBitmap32 } from '../bitmap.js';
import { deadRowsOf } from '../field/field-index.js';
import type { FieldDefinition } from '../meta/field-tables.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import { decodePayload } from '../payload/payload-codec.js';
import { type FieldEntry, newEntry } from './field-indexes.js';

const PAGE_ROWS = 1024;

export interface LoadedFields {
  entries: FieldEntry[];
  /** Rows that were looked at to bring what was stored up to date. */
  updated: number;
}

/** The snapshot must stay as long as that takes, and nothing be published meanwhile. */
export async function loadFields(meta: MetaSnapshot, live: ReadonlyRoaringBitmap32): Promise<LoadedFields> {
  if (!meta.hasFields) return { entries: [], updated: 0 };
  const entries: FieldEntry[] = [];
  const isDead = deadRowsOf(live, meta.nextRow);
  let first = Number.POSITIVE_INFINITY;
  const starts = new Map<FieldEntry, number>();
  for (const definition of meta.fieldDefinitions()) {
    const entry = loadField(meta, definition, live, isDead, starts);
    entries.push(entry);
    first = Math.min(first, starts.get(entry) ?? first);
    await nextTurn();
  }
  const loaded = [...starts.keys()];
  const touched = meta.touchedRows();
  for (const row of touched) updateRow(meta, row, loaded);
  return { entries, updated: touched.length + (await addRows(meta, first, starts)) };
}

function loadField(
  meta: MetaSnapshot,
  definition: FieldDefinition,
  live: ReadonlyRoaringBitmap32,
  isDead: (row: number) => boolean,
  starts: Map<FieldEntry, number>,
): FieldEntry {
  const entry = newEntry(definition);
  try {
    const stored = meta.storedField(definition.id);
    if (stored === undefined || stored.seq > meta.seq || !entry.index.load(stored, live, isDead)) {
      return newEntry(definition);
    }
    starts.set(entry, stored.nextRow);
    entry.next = Number.POSITIVE_INFINITY;
    return entry;
  } catch {
    // Damaged: `verify` says so, and here the payloads have it all.
    return newEntry(definition);
  }
}

function updateRow(meta: MetaSnapshot, row: number, entries: readonly FieldEntry[]): void {
  const record = meta.recordOf(row);
  if (record === undefined) return;
  const payload = record.payload === null ? null : decodePayload(record.payload);
  for (const { index } of entries) {
    index.remove(row);
    index.put(row, payload);
  }
}

async function addRows(meta: MetaSnapshot, first: number, starts: ReadonlyMap<FieldEntry, number>): Promise<number> {
  let added = 0;
  for (let from = first; from < meta.nextRow; ) {
    const records = meta.scanRows(from, PAGE_ROWS);
    added += records.length;
    for (const { row, payload } of records) {
      if (payload === null) continue;
      const decoded = decodePayload(payload);
      for (const [{ index }, start] of starts) {
        if (row < start) continue;
        // It may have been touched as well.
        index.remove(row);
        index.put(row, decoded);
      }
    }
    const last = records.at(-1);
    if (last === undefined || records.length < PAGE_ROWS) break;
    from = last.row + 1;
    await nextTurn();
  }
  return added;
}
