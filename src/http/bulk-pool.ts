// The threads that read large bodies (bulk-worker.ts): started when the first one comes, a few at most, each at one
// body at a time; what comes meanwhile waits in order. A thread that dies, of memory, say, fails its body only. Called
// by write-routes.ts for points, and by request-runner.ts for all other JSON.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { VamanaError } from '../errors.js';
import type { BulkChange, BulkTask } from './bulk-task.js';
import type { BulkReply, JsonTask } from './bulk-worker.js';
import { WireError } from './wire-error.js';

interface Job {
  task: BulkTask | JsonTask;
  resolve(reply: Exclude<BulkReply, { status: number }>): void;
  reject(error: Error): void;
}

/** Searches want processors too. */
const THREADS_MAX = Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)));

export class BulkPool {
  private readonly waiting: Job[] = [];
  private readonly idle: Worker[] = [];
  private readonly working = new Map<Worker, Job>();
  private closed = false;

  /** The bytes of the task are given away. What readBulk throws, as a WireError; INTERNAL when the thread died. */
  async read(task: BulkTask): Promise<BulkChange[]> {
    return ((await this.run(task)) as { changes: BulkChange[] }).changes;
  }

  /** JSON, whose vectors are Float32Arrays; the bytes are given away. 400, 413; INTERNAL when the thread died. */
  async parse(bytes: Uint8Array, most: number): Promise<unknown> {
    return ((await this.run({ kind: 'json', bytes, most })) as { value: unknown }).value;
  }

  async close(): Promise<void> {
    this.closed = true;
    const workers = [...this.idle.splice(0), ...this.working.keys()];
    for (const { reject } of this.waiting.splice(0)) reject(new VamanaError('CLOSED', 'the service is stopping'));
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  private run(task: Job['task']): Promise<Parameters<Job['resolve']>[0]> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(new VamanaError('CLOSED', 'the service is stopping'));
      this.waiting.push({ task, resolve, reject });
      this.feed();
    });
  }

  private feed(): void {
    while (this.waiting.length > 0) {
      const worker = this.idle.pop() ?? (this.working.size < THREADS_MAX ? this.start() : undefined);
      if (worker === undefined) return;
      const job = this.waiting.shift() as Job;
      this.working.set(worker, job);
      worker.postMessage(job.task, [job.task.bytes.buffer as ArrayBuffer]);
    }
  }

  private start(): Worker {
    const worker = new Worker(new URL('./bulk-worker.js', import.meta.url));
    worker.on('message', (reply: BulkReply) => {
      const job = this.working.get(worker);
      this.working.delete(worker);
      this.idle.push(worker);
      if ('status' in reply) job?.reject(new WireError(reply.status, reply.message));
      else job?.resolve(reply);
      this.feed();
    });
    worker.on('messageerror', (error) => this.lose(worker, error));
    worker.on('error', (error) => this.lose(worker, error));
    worker.on('exit', () => this.lose(worker, new Error('it ended')));
    // A process that has nothing else to do may end.
    worker.unref();
    return worker;
  }

  private lose(worker: Worker, cause: Error): void {
    const job = this.working.get(worker);
    this.working.delete(worker);
    const at = this.idle.indexOf(worker);
    if (at !== -1) this.idle.splice(at, 1);
    void worker.terminate();
    job?.reject(new VamanaError('INTERNAL', `the thread that read the body was lost: ${cause.message}`, { cause }));
    if (!this.closed) this.feed();
  }
}
