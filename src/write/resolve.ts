// Makes effects of what users ask: ids parsed, conditions decided, rows assigned, vectors and payloads encoded.
// Pure but for the view and the rows it is given, which it leaves as they were when it refuses a batch. What it
// returns is what the WAL, LMDB and the delta all apply; no condition and no filter goes past this file.
import type { CollectionConfig } from '../config/collection-config.js';
import { describeSpaces, hasNames, spaceOf, spacesOf } from '../config/spaces.js';
import { VamanaError } from '../errors.js';
import { hasVectorIn } from '../meta/meta-tables.js';
import { type PointIdRules, parsePointId } from '../meta/point-id.js';
import { decodePayload, EncodedPayload, encodePayload } from '../payload/payload-codec.js';
import { deleteAtPath, mergeAtPath, mergePayload, parsePath } from '../payload/payload-path.js';
import type { Payload, PointId, PointIdInput } from '../payload/point.js';
import type { SpaceVector, WalOp } from '../wal/wal-op.js';
import type { StoredVectors } from './carried-vectors.js';
import { encodeVectors, requireModels, type VectorConfig } from './encode-vectors.js';
import type { CurrentPoint, ResolveView } from './resolve-view.js';
import type { RowAllocator } from './row-allocator.js';
import type {
  DeleteVectors,
  OperationResult,
  UpdateMode,
  UpdateVectors,
  Upsert,
  WriteBatch,
  WriteOperation,
} from './write-batch.js';

export interface ResolveContext {
  view: ResolveView;
  rows: RowAllocator;
  /** The number of the record that the batch will be. */
  seq: number;
  config: VectorConfig;
  ids: PointIdRules;
  /** Of the rows that rowsToRead named. */
  stored?: StoredVectors;
}

export interface ResolvedBatch {
  /** None when nothing is to be changed; the batch then needs no record. */
  ops: WalOp[];
  /** One for each operation. */
  results: OperationResult[];
}

/**
 * Rows of the puts ascend, and each is above all assigned before. A point put twice in a batch has both puts in
 * `ops`, the second with the row of the first as its dead one. `accept` may refuse them by throwing.
 */
export function resolve(
  batch: WriteBatch,
  context: ResolveContext,
  accept: (ops: readonly WalOp[]) => void = () => undefined,
): ResolvedBatch {
  const { view, rows } = context;
  const firstRow = rows.next;
  const resolver = new Resolver(context);
  try {
    const results = batch.map((operation) => resolver.resolve(operation));
    accept(resolver.ops);
    view.keep();
    return { ops: resolver.ops, results };
  } catch (error) {
    view.revert();
    rows.rewind(firstRow);
    throw error;
  }
}

class Resolver {
  readonly ops: WalOp[] = [];

  constructor(private readonly context: ResolveContext) {}

  resolve(operation: WriteOperation): OperationResult {
    // One that asks for two things would have the second ignored.
    if (KINDS.filter((kind) => kind in operation).length !== 1) throw noOperation(operation);
    if ('upsert' in operation) return this.upsert(operation);
    const { ifVersion } = operation;
    if ('delete' in operation) return this.each(operation.delete, (id) => this.delete(id, ifVersion));
    if ('updateVectors' in operation) {
      requireModels(operation.model, this.context.config);
      const { onlyMissing = false } = operation;
      return this.each(operation.updateVectors, (given) => this.updateVectors(given, { ifVersion, onlyMissing }));
    }
    if ('deleteVectors' in operation) return this.deleteVectors(operation);
    if ('clearPayload' in operation) return this.change(operation.clearPayload, ifVersion, () => null);
    if ('overwritePayload' in operation) {
      const payload = encodePayload(operation.overwritePayload);
      return this.change(operation.ids, ifVersion, () => payload);
    }
    if ('setPayload' in operation) {
      const merge = merging(operation.setPayload, operation.key);
      return this.change(operation.ids, ifVersion, edit(merge));
    }
    if ('deletePayload' in operation) {
      const remove = edit(deleting(operation.deletePayload));
      return this.change(operation.ids, ifVersion, (before) => (before === null ? null : remove(before)));
    }
    throw noOperation(operation);
  }

  private upsert({ upsert, mode = 'upsert', ifVersion, model }: Upsert): OperationResult {
    requireModels(model, this.context.config);
    const wants = MODES[mode];
    if (wants === undefined) {
      const known = Object.keys(MODES).join(', ');
      throw new VamanaError('INVALID_ARGUMENT', `found the update mode ${mode}; expected one of ${known}`);
    }
    return this.each(upsert, (point) => {
      const { id: given, payload = null } = point;
      const id = this.parse(given);
      const encoded = encodeVectors(point, this.context.config, id);
      const bytes = payload === null ? null : withPoint(id, () => payloadBytes(payload));
      if (ifVersion !== undefined) this.requireVersion(id, this.context.view.get(id), ifVersion);
      const row = this.context.view.rowOf(id);
      if (!wants(row !== undefined)) return false;
      this.put(id, row ?? null, encoded, bytes);
      return true;
    });
  }

  private updateVectors(
    given: UpdateVectors['updateVectors'][number],
    { ifVersion, onlyMissing }: { ifVersion: number | undefined; onlyMissing: boolean },
  ): boolean {
    const id = this.parse(given.id);
    const all = encodeVectors(given, this.context.config, id);
    const current = this.find(id, ifVersion);
    if (current === undefined) return false;
    const encoded = onlyMissing ? all.filter(({ space }) => !hasVectorIn(current, space)) : all;
    if (onlyMissing && encoded.length === 0) return false;
    const kept = this.keep(id, current, (space) => encoded.every((vector) => vector.space !== space));
    this.put(
      id,
      current.row,
      [...kept, ...encoded].sort((a, b) => a.space - b.space),
      current.payload,
    );
    return true;
  }

  private deleteVectors({ deleteVectors, ids, ifVersion }: DeleteVectors): OperationResult {
    const config = this.context.config as CollectionConfig;
    if (!hasNames(config)) {
      const advice = 'every point has it; delete the points instead';
      throw new VamanaError('INVALID_ARGUMENT', `deleteVectors: ${describeSpaces(config)}, and ${advice}`);
    }
    const named = deleteVectors.map((name) => spaceOf(config, name).number);
    // What is made of a vector goes with it.
    const prefixes = spacesOf(config).filter(({ prefixOf }) => prefixOf !== undefined && deleteVectors.includes(prefixOf));
    const gone = new Set([...named, ...prefixes.map(({ number }) => number)]);
    return this.each(ids, (given) => {
      const id = this.parse(given);
      const current = this.find(id, ifVersion);
      if (current === undefined || ![...gone].some((space) => hasVectorIn(current, space))) return false;
      this.put(
        id,
        current.row,
        this.keep(id, current, (space) => !gone.has(space)),
        current.payload,
      );
      return true;
    });
  }

  /** The vectors of a point that go with it into its next row; those of spaces that were dropped do not. */
  private keep(id: PointId, current: CurrentPoint, stays: (space: number) => boolean): SpaceVector[] {
    const spaces = spacesOf(this.context.config as CollectionConfig)
      .map(({ number }) => number)
      .filter((space) => hasVectorIn(current, space) && stays(space));
    const vectors = spaces.length === 0 ? [] : (current.vectors ?? this.context.stored?.get(current.row) ?? []);
    return spaces
      .map((space) => {
        const found = vectors.find((vector) => vector.space === space);
        if (found !== undefined) return found;
        const message = `point ${id}: its vector of space ${space} is not there; run vamana verify on the collection`;
        throw new VamanaError('CORRUPT', message);
      })
      .sort((a, b) => a.space - b.space);
  }

  private delete(given: PointIdInput, ifVersion: number | undefined): boolean {
    const id = this.parse(given);
    const { view } = this.context;
    if (ifVersion !== undefined) this.requireVersion(id, view.get(id), ifVersion);
    const row = view.rowOf(id);
    if (row === undefined) return false;
    this.ops.push({ kind: 'delete', id, row });
    view.set(id, null);
    return true;
  }

  private change(
    ids: readonly PointIdInput[],
    ifVersion: number | undefined,
    change: (before: Uint8Array | null) => Uint8Array | null,
  ): OperationResult {
    return this.each(ids, (given) => {
      const id = this.parse(given);
      const current = this.find(id, ifVersion);
      if (current === undefined) return false;
      const payload = withPoint(id, () => change(current.payload));
      const { row, spaces } = current;
      this.ops.push({ kind: 'payload', id, row, payload, ...(spaces === undefined ? {} : { spaces }) });
      this.context.view.set(id, { ...current, seq: this.context.seq, payload });
      return true;
    });
  }

  private put(id: PointId, dead: number | null, vectors: readonly SpaceVector[], payload: Uint8Array | null): void {
    const { rows, seq, view, config } = this.context;
    const row = rows.take();
    this.ops.push({ kind: 'put', id, row, dead, vectors, payload });
    const named = hasNames(config) ? { spaces: vectors.map(({ space }) => space), vectors } : {};
    view.set(id, { row, seq, payload, ...named });
  }

  private find(id: PointId, ifVersion: number | undefined): CurrentPoint | undefined {
    const current = this.context.view.get(id);
    if (ifVersion !== undefined) this.requireVersion(id, current, ifVersion);
    return current;
  }

  private requireVersion(id: PointId, current: CurrentPoint | undefined, ifVersion: number): void {
    const version = current?.seq ?? 0;
    if (version === ifVersion) return;
    const found = current === undefined ? 'it does not exist (version 0)' : `its version is ${version}`;
    throw new VamanaError('VERSION_CONFLICT', `point ${id}: ${found}, expected ${ifVersion}; nothing was written`);
  }

  private parse(given: PointIdInput): PointId {
    return parsePointId(given, this.context.ids);
  }

  private each<T>(entries: readonly T[], apply: (entry: T) => boolean): OperationResult {
    let applied = 0;
    for (const entry of entries) {
      if (apply(entry)) applied += 1;
    }
    return { applied, ignored: entries.length - applied };
  }
}

const KINDS = [
  'upsert',
  'delete',
  'updateVectors',
  'deleteVectors',
  'setPayload',
  'overwritePayload',
  'deletePayload',
  'clearPayload',
] as const;

const MODES: Readonly<Record<UpdateMode, (exists: boolean) => boolean>> = {
  upsert: () => true,
  insert_only: (exists) => !exists,
  update_only: (exists) => exists,
};

// Encoded once for its checks, so that a payload that is none is refused even when no point is there.
function merging(source: Payload, key: string | undefined): (payload: Payload) => void {
  const plain = decodePayload(encodePayload(source));
  if (key === undefined) return (payload) => mergePayload(payload, plain);
  const path = parsePath(key);
  return (payload) => mergeAtPath(payload, path, plain);
}

function deleting(keys: readonly string[]): (payload: Payload) => void {
  const paths = keys.map(parsePath);
  return (payload) => {
    for (const path of paths) deleteAtPath(payload, path);
  };
}

function payloadBytes(payload: Payload | EncodedPayload): Uint8Array {
  return payload instanceof EncodedPayload ? payload.bytes : encodePayload(payload);
}

function edit(change: (payload: Payload) => void): (before: Uint8Array | null) => Uint8Array {
  return (before) => {
    const payload = before === null ? {} : decodePayload(before);
    change(payload);
    return encodePayload(payload);
  };
}

// Names the point in what is wrong with its payload.
function withPoint<T>(id: PointId, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof VamanaError)) throw thrown;
    throw new VamanaError(thrown.code, `point ${id}: ${thrown.message}`, { cause: thrown });
  }
}

function noOperation(operation: object): VamanaError {
  const found = Object.keys(operation).join(', ') || 'no members';
  return new VamanaError('INVALID_ARGUMENT', `found an operation with ${found}; expected one of ${KINDS.join(', ')}`);
}
