// A thread that reads large bodies, so that the event loop, where searches are answered, need not. One task at a time;
// started, fed and ended by bulk-pool.ts.
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { type BulkChange, type BulkTask, readBulk, transferable } from './bulk-task.js';
import { DEPTH_MOST, parseVectorJson } from './vector-json.js';
import { asWireError, badRequest } from './wire-error.js';

/** JSON of any route. */
export interface JsonTask {
  kind: 'json';
  /** Given away. */
  bytes: Uint8Array;
  /** Values beside vectors. */
  most: number;
}

/** `changes` of points, or the `value` of JSON. */
export type BulkReply = { changes: BulkChange[] } | { value: unknown } | { status: number; message: string };

/** As builds have it: whoever searches goes first. */
const NICE = 10;

lowerPriority();
parentPort?.on('message', (task: BulkTask | JsonTask) => {
  try {
    const [reply, buffers] = task.kind === 'json' ? readValue(task) : readPoints(task);
    parentPort?.postMessage(reply, buffers);
  } catch (error) {
    const { status, message } = asWireError(isTooDeep(error) ? badRequest('the body: it is nested too deeply') : error);
    const reply: BulkReply = { status, message };
    parentPort?.postMessage(reply);
  }
});

function readPoints(task: BulkTask): [BulkReply, ArrayBuffer[]] {
  const changes = readBulk(task);
  for (const change of changes) if (!('packed' in change)) requireShallow(change);
  return [{ changes }, transferable(changes)];
}

function readValue({ bytes, most }: JsonTask): [BulkReply, ArrayBuffer[]] {
  const { value, vectors } = parseVectorJson(bytes, most);
  return [{ value }, vectors.length === 0 ? [] : [vectors.buffer as ArrayBuffer]];
}

// The thread that it is sent to copies it level by level, and is lost to the body where its stack does not suffice.
function requireShallow(change: unknown): void {
  const open: [value: unknown, depth: number][] = [[change, 1]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, depth] = next;
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) continue;
    if (depth > DEPTH_MOST) throw badRequest('the body: it is nested too deeply');
    for (const inner of Object.values(value)) open.push([inner, depth + 1]);
  }
}

/** Of what is sent to another thread too, which is copied level by level. */
function isTooDeep(error: unknown): boolean {
  return error instanceof RangeError || (error instanceof Error && error.name === 'DataCloneError');
}

// Of this thread only. Where it cannot be, the thread is as quick as the others.
function lowerPriority(): void {
  try {
    const id = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1];
    if (id !== undefined) setPriority(Number(id), NICE);
  } catch {
    return;
  }
}
