// The field indexes of an open collection, kept at the last published record: made and dropped while it is written and
// searched, brought up to date when it is opened, and stored now and then (src/meta/field-tables.ts). What filters ask of
// them is src/read/field-source.ts.
//
// A new index is built in the background, in short turns: each takes the rows that follow, as the last published record
// left them. Rows below the cursor are kept up to date by what is published meanwhile, rows above it are still to come.
// Nothing of an index is stored before it is whole; a build that the process did not survive begins anew.
//
// What is stored only shortens opening: whatever is missing, damaged or older than the metadata is made again from the
// payloads.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ReadonlyRoaringBitmap32 } from '../bitmap.js';
import { asVamanaError, VamanaError } from '../errors.js';
import { FieldIndex } from '../field/field-index.js';
import { type FieldSchema, type FieldSchemaInput, resolveFieldSchema } from '../field/field-schema.js';
import type { FieldDefinition, FieldUpdate } from '../meta/field-tables.js';
import type { MetaStore } from '../meta/meta-store.js';
import { decodePayload } from '../payload/payload-codec.js';
import type { Payload } from '../payload/point.js';
import type { FieldSource } from '../read/field-source.js';
import type { LiveRows } from '../read/live-rows.js';
import type { SnapshotCell } from '../snapshot/collection-snapshot.js';
import type { WalOp, WalRecord } from '../wal/wal-op.js';
import type { WalWriter } from '../wal/wal-writer.js';
import { loadFields } from './load-fields.js';

export interface FieldStatus {
  key: string;
  schema: FieldSchema;
  /** Answers filters; before, they read payloads. */
  isReady: boolean;
  /** Share of the rows that are in it, from 0 to 1. */
  progress: number;
  /** Points that have a value, so far. */
  points: number;
  memoryBytes: number;
  /** Why building it ended early; it is begun anew at the next opening. */
  error: string | null;
}

export interface FieldIndexesTarget {
  meta: MetaStore;
  wal: WalWriter;
  live: LiveRows;
  snapshots: SnapshotCell;
  /** Runs the work between two groups of writes. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

export interface FieldEntry {
  definition: FieldDefinition;
  index: FieldIndex;
  /** Rows from this one on are not in it yet; infinite once it is whole. */
  next: number;
  /** Another one after every change that the rows which live do not tell of. */
  version: number;
  /** Why building it ended early. */
  error: VamanaError | null;
}

export function newEntry(definition: FieldDefinition): FieldEntry {
  return { definition, index: new FieldIndex(definition.key, definition.schema), next: 0, version: 0, error: null };
}

const TURN_MS = 2;
/** Between two looks at the clock. */
const SLICE_ROWS = 64;
/** Changed rows after which indexes are stored, so that opening never has many to look at. */
const STORE_AFTER_ROWS = 100_000;

export class FieldIndexes implements FieldSource {
  private readonly entries = new Map<string, FieldEntry>();
  private readonly builds = new Map<FieldEntry, Promise<void>>();
  private unstored = 0;
  private storing: Promise<void> | null = null;
  private closed = false;
  /** Why storing failed last; null when it did not. It is tried again. */
  storeError: VamanaError | null = null;

  constructor(private readonly target: FieldIndexesTarget) {}

  /** Loads what is stored and brings it up to date; what cannot be used is built in the background. */
  async load(): Promise<void> {
    const { snapshots, live } = this.target;
    const snapshot = snapshots.acquire();
    try {
      const { entries, updated } = await loadFields(snapshot.meta, live.rows);
      this.unstored = updated;
      for (const entry of entries) {
        this.entries.set(entry.definition.key, entry);
        if (!isWhole(entry)) this.startBuild(entry);
      }
    } finally {
      snapshot.release();
    }
  }

  get live(): ReadonlyRoaringBitmap32 {
    return this.target.live.rows;
  }

  indexOf(key: string): FieldIndex | undefined {
    const entry = this.entries.get(key);
    return entry !== undefined && isWhole(entry) ? entry.index : undefined;
  }

  stampOf(keys: readonly string[]): string {
    const fields = keys
      .map((key) => this.entries.get(key))
      .map((entry) => entry && [entry.definition.id, entry.version, isWhole(entry)]);
    return `${this.target.live.stamp} ${JSON.stringify(fields)}`;
  }

  /**
   * An index of the field, built in the background; `built` settles with that. One of the same kind stays as it is, one of
   * another kind is replaced. INVALID_ARGUMENT, DISK_FULL, IO, CLOSED.
   */
  async create(key: string, input: FieldSchemaInput): Promise<{ built: Promise<void> }> {
    const schema = resolveFieldSchema(key, input);
    return this.target.alone(async () => {
      this.requireOpen();
      const known = this.entries.get(key);
      if (known !== undefined) {
        if (isSame(known.definition.schema, schema)) return { built: this.builds.get(known) ?? Promise.resolve() };
        await this.remove(known);
      }
      const definition = await this.target.meta.addField(key, schema);
      const entry = newEntry(definition);
      this.entries.set(key, entry);
      return { built: this.startBuild(entry) };
    });
  }

  /** False where there is none. DISK_FULL, IO, CLOSED. */
  drop(key: string): Promise<boolean> {
    return this.target.alone(async () => {
      this.requireOpen();
      const entry = this.entries.get(key);
      if (entry === undefined) return false;
      await this.remove(entry);
      return true;
    });
  }

  /** Resolves once no index is being built. */
  async ready(): Promise<void> {
    while (this.builds.size > 0) await Promise.all(this.builds.values());
  }

  status(): FieldStatus[] {
    const { nextRow } = this.target.snapshots.peek().meta;
    return Array.from(this.entries.values(), (entry) => ({
      key: entry.definition.key,
      schema: entry.definition.schema,
      isReady: isWhole(entry),
      progress: isWhole(entry) || nextRow === 0 ? 1 : Math.min(1, entry.next / nextRow),
      points: entry.index.points,
      memoryBytes: entry.index.bytes,
      error: entry.error?.message ?? null,
    }));
  }

  /** In the turn in which the snapshot of these records is published. */
  publish(records: readonly WalRecord[]): void {
    if (this.entries.size === 0) return;
    for (const { ops } of records) {
      for (const op of ops) this.apply(op);
      this.unstored += ops.length;
    }
    if (this.unstored > STORE_AFTER_ROWS) this.storeSoon();
  }

  /** Stores what changed since it was last done. Waits for its turn between groups of writes. DISK_FULL, IO. */
  store(): Promise<void> {
    return this.target.alone(() => this.storeAlone());
  }

  /** As `store`, in the background; what goes wrong is in `storeError`. */
  storeSoon(): void {
    if (this.closed || this.entries.size === 0) return;
    this.storing ??= this.store()
      .then(
        () => {
          this.storeError = null;
        },
        (error: unknown) => {
          this.storeError = asVamanaError(error);
        },
      )
      .finally(() => {
        this.storing = null;
      });
  }

  /** Ends builds, which begin anew at the next opening, and stores the rest. Before the commit queue is closed. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.builds.values());
    await this.storing;
    // Nothing is lost where that fails: opening then takes longer.
    if (this.unstored > 0) await this.store().catch(() => undefined);
  }

  private async storeAlone(): Promise<void> {
    const { meta, wal } = this.target;
    const whole = [...this.entries.values()].filter(isWhole);
    if (whole.length === 0) return;
    // No roll-back may go before what is stored.
    if (wal.stats().durableSeq < meta.state.appliedSeq) await wal.sync();
    const updates: FieldUpdate[] = [];
    for (const { definition, index } of whole) {
      updates.push(updateOf(definition.id, index));
      await nextTurn();
    }
    await meta.storeFields(updates);
    for (const { index } of whole) index.markStored();
    this.unstored = 0;
  }

  private apply(op: WalOp): void {
    let payload: Payload | null | undefined;
    for (const entry of this.entries.values()) {
      const { index, next } = entry;
      if (op.kind === 'put' && op.dead !== null) index.remove(op.dead);
      if (op.kind !== 'put') index.remove(op.row);
      if (op.kind === 'payload') entry.version += 1;
      if (op.kind === 'delete' || op.row >= next) continue;
      payload ??= op.payload === null ? null : decodePayload(op.payload);
      index.put(op.row, payload);
    }
  }

  private startBuild(entry: FieldEntry): Promise<void> {
    const build = this.build(entry).finally(() => this.builds.delete(entry));
    this.builds.set(entry, build);
    build.catch((error: unknown) => {
      entry.error = asVamanaError(error);
    });
    return build;
  }

  private async build(entry: FieldEntry): Promise<void> {
    const { key } = entry.definition;
    while (!isWhole(entry)) {
      await nextTurn();
      this.requireOpen();
      if (this.entries.get(key) !== entry) throw new VamanaError('ABORTED', `the index of field ${key} was dropped`);
      this.buildTurn(entry);
    }
    await this.store();
  }

  private buildTurn(entry: FieldEntry): void {
    const end = performance.now() + TURN_MS;
    const snapshot = this.target.snapshots.acquire();
    try {
      while (!isWhole(entry) && performance.now() < end) {
        const records = snapshot.meta.scanRows(entry.next, SLICE_ROWS);
        for (const { row, payload } of records) {
          if (payload !== null) entry.index.put(row, decodePayload(payload));
        }
        const last = records.at(-1);
        entry.next = last === undefined || records.length < SLICE_ROWS ? Number.POSITIVE_INFINITY : last.row + 1;
      }
    } finally {
      snapshot.release();
    }
  }

  // First out of the way of filters and of its own build.
  private async remove(entry: FieldEntry): Promise<void> {
    const { id, key } = entry.definition;
    this.entries.delete(key);
    try {
      await this.target.meta.dropField(id);
    } catch (error) {
      this.entries.set(key, entry);
      throw error;
    }
  }

  private requireOpen(): void {
    if (this.closed) throw new VamanaError('CLOSED', 'the collection was closed');
  }
}

export function isWhole({ next }: FieldEntry): boolean {
  return next === Number.POSITIVE_INFINITY;
}

export function updateOf(id: number, index: FieldIndex): FieldUpdate {
  const pages = index.changedPages().map(([part, page]) => ({ part, page, bytes: index.encodePage(part, page) }));
  return { id, sets: index.encodeSets(), pages };
}

function isSame(a: FieldSchema, b: FieldSchema): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
