// Random batches, resolved and applied to a MetaStore in groups, against a naive model: a Map of points. The store
// is opened again at random points, and then handed all records a second time, which must change nothing.
import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonPayload, jsonText } from '../../test/json-arbitrary.js';
import { temporaryFolder } from '../../test/vector-files.js';
import { checkMeta } from '../meta/check-meta.js';
import type { MetaRecord } from '../meta/meta-batch.js';
import { type MetaStore, openMetaStore } from '../meta/meta-store.js';
import { comparePointIds } from '../meta/point-id.js';
import { decodePayload } from '../payload/payload-codec.js';
import { deleteAtPath, mergeAtPath, mergePayload, parsePath } from '../payload/payload-path.js';
import type { Payload, PointId } from '../payload/point.js';
import { resolve } from './resolve.js';
import { ResolveView } from './resolve-view.js';
import { RowAllocator } from './row-allocator.js';
import type { PointInput, Upsert, WriteBatch, WriteOperation } from './write-batch.js';

const folder = temporaryFolder();

interface ModelPoint {
  vector: readonly number[];
  payload: Payload | null;
  version: number;
}

type Model = Map<PointId, ModelPoint>;

const id = fc.constantFrom<PointId>(
  0n,
  1n,
  2n,
  300n,
  2n ** 64n - 1n,
  '00000000-0000-4000-8000-000000000001',
  'ffffffff-ffff-4fff-bfff-ffffffffffff',
  'text',
  'z',
);
const ids = fc.array(id, { minLength: 1, maxLength: 4 });
const vector = fc.tuple(fc.nat(255), fc.nat(255));
const payload = fc.oneof(fc.constant(null), jsonPayload());
// Most operations name no version: a wrong one refuses its whole batch.
const version = fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, fc.constant(0), fc.nat(12));
const path = fc.constantFrom('a', 'a.b', 'b.c', 'a[]', 'a[0].b', '"constructor"', 'c[].a');

const operation: fc.Arbitrary<WriteOperation> = fc
  .tuple(
    fc.oneof(
      fc.record({
        upsert: fc.array(fc.record({ id, vector, payload }), { minLength: 1, maxLength: 4 }),
        mode: fc.constantFrom('upsert' as const, 'upsert' as const, 'insert_only' as const, 'update_only' as const),
      }),
      fc.record({ delete: ids }),
      fc.record({ updateVectors: fc.array(fc.record({ id, vector }), { maxLength: 3 }) }),
      fc.record({ setPayload: jsonPayload(), ids }),
      fc.record({ setPayload: jsonPayload(), ids, key: path }),
      fc.record({ overwritePayload: jsonPayload(), ids }),
      fc.record({ deletePayload: fc.array(path, { maxLength: 2 }), ids }),
      fc.record({ clearPayload: ids }),
    ),
    version,
  )
  .map(([asked, ifVersion]) => (ifVersion === undefined ? asked : { ...asked, ifVersion }));

const step = fc.record({
  group: fc.array(fc.array(operation, { minLength: 1, maxLength: 4, size: 'max' }), {
    minLength: 1,
    maxLength: 4,
    size: 'max',
  }),
  reopen: fc.boolean(),
});

/** The model after a batch, or undefined when the batch is refused. */
function expectBatch(before: Model, batch: WriteBatch, seq: number): Model | undefined {
  const model: Model = new Map(before);
  for (const asked of batch) {
    for (const change of entriesOf(asked)) {
      const current = model.get(change.id);
      if (asked.ifVersion !== undefined && asked.ifVersion !== (current?.version ?? 0)) return undefined;
      const next = change.apply(current);
      if (next === null) model.delete(change.id);
      else if (next !== undefined) model.set(change.id, { ...next, version: seq });
    }
  }
  return model;
}

/** What becomes of a point: undefined leaves it as it is, null deletes it. */
type Outcome = Omit<ModelPoint, 'version'> | null | undefined;

interface Entry {
  id: PointId;
  apply(current: ModelPoint | undefined): Outcome;
}

function entriesOf(asked: WriteOperation): Entry[] {
  if ('upsert' in asked) {
    return asked.upsert.map((point) => ({
      id: point.id as PointId,
      apply: (current) => (isWanted(asked, current !== undefined) ? (point as unknown as ModelPoint) : undefined),
    }));
  }
  if ('updateVectors' in asked) {
    return (asked.updateVectors as readonly PointInput[]).map((point) => ({
      id: point.id as PointId,
      apply: (current) => current && { vector: point.vector as number[], payload: current.payload },
    }));
  }
  if ('delete' in asked) return asked.delete.map((each) => ({ id: each as PointId, apply: (now) => now && null }));
  const named = 'clearPayload' in asked ? asked.clearPayload : asked.ids;
  return named.map((each) => ({
    id: each as PointId,
    apply: (now) => now && { vector: now.vector, payload: changed(asked, now.payload) },
  }));
}

function isWanted({ mode }: Upsert, exists: boolean): boolean {
  return mode === 'upsert' || (mode === 'insert_only') === !exists;
}

function changed(asked: WriteOperation, before: Payload | null): Payload | null {
  const payload = structuredCloneOf(before);
  if ('overwritePayload' in asked) return structuredCloneOf(asked.overwritePayload);
  if ('setPayload' in asked) {
    const target = payload ?? {};
    if (asked.key === undefined) mergePayload(target, structuredCloneOf(asked.setPayload) as Payload);
    else mergeAtPath(target, parsePath(asked.key), structuredCloneOf(asked.setPayload) as Payload);
    return target;
  }
  if ('deletePayload' in asked && payload !== null) {
    for (const key of asked.deletePayload) deleteAtPath(payload, parsePath(key));
    return payload;
  }
  return 'deletePayload' in asked ? payload : null;
}

// Own members only, "__proto__" among them.
function structuredCloneOf<T>(value: T): T {
  if (Array.isArray(value)) return value.map(structuredCloneOf) as T;
  if (typeof value !== 'object' || value === null) return value;
  const copy = {};
  for (const [key, member] of Object.entries(value)) {
    const descriptor = { value: structuredCloneOf(member), writable: true, enumerable: true, configurable: true };
    Object.defineProperty(copy, key, descriptor);
  }
  return copy as T;
}

class System {
  store: MetaStore;
  model: Model = new Map();
  readonly records: MetaRecord[] = [];
  readonly vectors = new Map<number, readonly number[]>();
  readonly rows = new RowAllocator(0);
  private seq = 0;

  constructor(private readonly path: string) {
    this.store = this.open();
  }

  async write(group: readonly WriteBatch[]): Promise<void> {
    const snapshot = this.store.snapshot();
    const view = new ResolveView(snapshot);
    const records: MetaRecord[] = [];
    for (const batch of group) {
      const seq = this.seq + 1;
      const expected = expectBatch(this.model, batch, seq);
      const next = this.rows.next;
      const config = { dim: 2, element: 'u8', metric: 'l2' } as const;
      const work = () => resolve(batch, { view, rows: this.rows, seq, config, ids: { strings: true } });
      if (expected === undefined) {
        expect(work).toThrow(expect.objectContaining({ code: 'VERSION_CONFLICT' }));
        expect(this.rows.next).toBe(next);
        continue;
      }
      const { ops } = work();
      for (const op of ops) if (op.kind === 'put') this.vectors.set(op.row, [...(op.vectors[0]?.bytes ?? [])]);
      const puts = ops.flatMap((op) => (op.kind === 'put' ? [op.row] : []));
      expect(puts).toEqual(puts.map((_, at) => next + at));
      records.push({ seq, ops });
      this.seq = seq;
      this.model = expected;
    }
    snapshot.release();
    await this.store.apply(records);
    this.records.push(...records);
  }

  async reopen(): Promise<void> {
    await this.store.close();
    this.store = this.open();
    await this.store.apply(this.records);
  }

  async check(): Promise<void> {
    const snapshot = this.store.snapshot();
    const points = snapshot.scan({}, 1000);
    expect(points.map((point) => point.id)).toEqual([...this.model.keys()].sort(comparePointIds));
    for (const { id: found, row } of points) {
      const expected = this.model.get(found) as ModelPoint;
      const record = snapshot.recordOf(row);
      const stored = record?.payload == null ? null : decodePayload(record.payload);
      expect(jsonText(stored)).toBe(jsonText(expected.payload));
      expect(record).toMatchObject({ id: found, seq: expected.version });
      expect(this.vectors.get(row)).toEqual(expected.vector);
    }
    const live = new Set(points.map(({ row }) => row));
    const dead = Array.from({ length: this.rows.next }, (_, row) => row).filter((row) => !live.has(row));
    expect([...snapshot.deadRows()]).toEqual(dead);
    expect(snapshot).toMatchObject({ seq: this.seq, nextRow: this.rows.next, count: this.model.size });
    for await (const problem of checkMeta(snapshot)) expect(problem).toBeUndefined();
    snapshot.release();
  }

  async close(): Promise<void> {
    await this.store.close();
    rmSync(this.path, { recursive: true });
  }

  private open(): MetaStore {
    return openMetaStore(this.path, { reserveBytes: 0, mapBytes: 2 ** 22 });
  }
}

let runs = 0;

it('agrees with the model after every group, and after opening again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8, size: 'max' }), async (steps) => {
      const system = new System(folder.file(`model-${runs++}`));
      try {
        for (const { group, reopen } of steps) {
          await system.write(group);
          if (reopen) await system.reopen();
          await system.check();
        }
      } finally {
        await system.close();
      }
    }),
    { numRuns: 50 },
  );
}, 60_000);
