// A thread that reads large bodies, so that the event loop, where searches are answered, need not. One task at a time;
// started, fed and ended by bulk-pool.ts.
import { parentPort } from 'node:worker_threads';
import { type BulkChange, type BulkTask, readBulk, transferable } from './bulk-task.js';
import { asWireError } from './wire-error.js';

export type BulkReply = { changes: BulkChange[] } | { status: number; message: string };

parentPort?.on('message', (task: BulkTask) => {
  try {
    const changes = readBulk(task);
    const reply: BulkReply = { changes };
    parentPort?.postMessage(reply, transferable(changes));
  } catch (error) {
    const { status, message } = asWireError(error);
    const reply: BulkReply = { status, message };
    parentPort?.postMessage(reply);
  }
});
