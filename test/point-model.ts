// What a collection must hold and answer, in the plainest way: a map of points, batches applied to a copy of it,
// searches that measure every point. Written from the documentation of the write operations; it shares no code with
// what it is compared with. Used by the model test, the crash tests and the concurrency tests.
import type { Metric, Payload, PointId, VectorElement } from '../src/index.js';
import type { PointInput, Upsert, WriteBatch, WriteOperation } from '../src/write/write-batch.js';

export interface Space {
  dim: number;
  metric: Metric;
  element: VectorElement;
}

export interface ModelPoint {
  vector: readonly number[];
  payload: Payload | null;
  version: number;
}

export interface BatchOutcome {
  points: Map<PointId, ModelPoint>;
  operations: { applied: number; ignored: number }[];
  seq: number;
}

export class PointModel {
  points = new Map<PointId, ModelPoint>();
  /** Of the last batch that changed something. */
  seq = 0;

  constructor(readonly space: Space) {}

  /** What the batch comes to; null when it is refused with VERSION_CONFLICT. The model stays as it is. */
  outcome(batch: WriteBatch): BatchOutcome | null {
    const points = new Map(this.points);
    const next = this.seq + 1;
    const operations: BatchOutcome['operations'] = [];
    for (const operation of batch) {
      const counts = { applied: 0, ignored: 0 };
      for (const { id, change } of entriesOf(operation)) {
        const current = points.get(id);
        if (operation.ifVersion !== undefined && operation.ifVersion !== (current?.version ?? 0)) return null;
        const after = change(current);
        if (after === 'ignored') counts.ignored += 1;
        else {
          counts.applied += 1;
          if (after === null) points.delete(id);
          else points.set(id, { ...after, version: next });
        }
      }
      operations.push(counts);
    }
    const changed = operations.some(({ applied }) => applied > 0);
    return { points, operations, seq: changed ? next : this.seq };
  }

  accept({ points, seq }: BatchOutcome): void {
    this.points = points;
    this.seq = seq;
  }

  ids(): PointId[] {
    return [...this.points.keys()].sort(compareIds);
  }

  /** Distances of all points, nearest first. */
  ranking(query: readonly number[]): { id: PointId; distance: number }[] {
    const ranking = [...this.points].map(([id, { vector }]) => ({ id, distance: distance(this.space, query, vector) }));
    return ranking.sort((a, b) => a.distance - b.distance);
  }
}

type Change = (current: ModelPoint | undefined) => Omit<ModelPoint, 'version'> | null | 'ignored';

function entriesOf(operation: WriteOperation): { id: PointId; change: Change }[] {
  if ('upsert' in operation) {
    const points = operation.upsert as readonly PointInput[]; // the writes of these tests encode nothing themselves
    return points.map((point) => ({ id: idOf(point.id), change: upsertChange(operation, point) }));
  }
  if ('updateVectors' in operation) {
    const changes = operation.updateVectors as readonly PointInput[];
    return changes.map(({ id, vector }) => ({
      id: idOf(id),
      change: (now) => (now === undefined ? 'ignored' : { payload: now.payload, vector: vector as number[] }),
    }));
  }
  if ('delete' in operation) {
    return operation.delete.map((id) => ({ id: idOf(id), change: (now) => (now === undefined ? 'ignored' : null) }));
  }
  const ids = 'clearPayload' in operation ? operation.clearPayload : operation.ids;
  return ids.map((id) => ({
    id: idOf(id),
    change: (now) => (now === undefined ? 'ignored' : { vector: now.vector, payload: payloadAfter(operation, now) }),
  }));
}

function upsertChange({ mode = 'upsert' }: Upsert, { vector, payload }: PointInput): Change {
  return (now) => {
    if (mode === 'insert_only' && now !== undefined) return 'ignored';
    if (mode === 'update_only' && now === undefined) return 'ignored';
    return { vector: vector as number[], payload: payload ?? null };
  };
}

/** Paths are keys joined by dots here: the tests of payload paths are elsewhere. */
function payloadAfter(operation: WriteOperation, { payload }: ModelPoint): Payload | null {
  if ('overwritePayload' in operation) return structuredClone(operation.overwritePayload);
  if ('clearPayload' in operation) return null;
  const after = structuredClone(payload);
  if ('deletePayload' in operation) {
    for (const path of after === null ? [] : operation.deletePayload) {
      const keys = path.split('.');
      const last = keys.pop() as string;
      let target: unknown = after;
      for (const key of keys) target = isObject(target) ? target[key] : undefined;
      if (isObject(target)) delete target[last];
    }
    return after;
  }
  if (!('setPayload' in operation)) return after;
  const root: Payload = after ?? {};
  let target = root;
  for (const key of operation.key?.split('.') ?? []) {
    const inner = target[key];
    const object: Payload = isObject(inner) ? inner : {};
    target[key] = object;
    target = object;
  }
  for (const [key, value] of Object.entries(operation.setPayload)) {
    if (value === null) delete target[key];
    else target[key] = structuredClone(value);
  }
  return root;
}

function isObject(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Ids of the tests are canonical already, but for small numbers. */
function idOf(id: PointInput['id']): PointId {
  return typeof id === 'number' ? BigInt(id) : id;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Numbers, then UUIDs, then other strings by their bytes. */
export function compareIds(a: PointId, b: PointId): number {
  const kind = (id: PointId): number => (typeof id === 'bigint' ? 0 : UUID.test(id) ? 1 : 2);
  if (kind(a) !== kind(b)) return kind(a) - kind(b);
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

export function distance({ metric }: Pick<Space, 'metric'>, a: readonly number[], b: readonly number[]): number {
  if (metric === 'l1') return sum(a, (x, i) => Math.abs(x - (b[i] as number)));
  if (metric === 'l2') return sum(a, (x, i) => (x - (b[i] as number)) ** 2);
  const dot = sum(a, (x, i) => x * (b[i] as number));
  return metric === 'dot' ? -dot : 1 - dot / (norm(a) * norm(b));
}

/** How far two ways of measuring may differ: f16 rounds what is stored, and sums are made in f32. */
export function tolerance({ metric, element }: Space, expected: number): number {
  const relative = element === 'f16' ? 4e-3 : 1e-4;
  return relative * (metric === 'cosine' ? 1 : 1 + Math.abs(expected));
}

export function norm(vector: readonly number[]): number {
  return Math.sqrt(sum(vector, (x) => x * x));
}

function sum(vector: readonly number[], term: (x: number, i: number) => number): number {
  return vector.reduce((total, x, i) => total + term(x, i), 0);
}
