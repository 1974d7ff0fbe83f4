// What addon-environments.test.ts runs in processes of their own: `node addon-child.mjs SCENARIO ADDON INDEX`.
// Each scenario ends the process (or the worker it runs in) in its own way and prints what it saw as JSON.
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const [scenario, addon, dir, extra] = isMainThread ? process.argv.slice(2) : workerData;
const native = createRequire(import.meta.url)(addon);
const dim = 128;
const openOptions = { io: 'auto', threads: 2, inFlight: 0, cacheBytes: 1 << 20, queueRequests: 64 };
const deltaOptions = { degree: 16, buildList: 40, alpha: 1.2 };
const exact = { k: 5, listSize: 32, rerank: 0, exact: true, approximate: false, costs: false };
const threads = () => readdirSync('/proc/self/task').length;
const print = (/** @type {unknown} */ value) => process.stdout.write(`${JSON.stringify(value)}\n`);

/** Starts some of everything that can be in flight; none of it ends soon. */
async function startEverything() {
  const index = await native.openIndex(dir, openOptions);
  const many = 200_000;
  const promises = [
    index.search(new Uint8Array(many * dim), many, exact, null),
    index.search(new Uint8Array(many * dim), many, { ...exact, exact: false }, native.createCancel()),
    index.distancesToRows(new Uint8Array(dim), Uint32Array.of(1)),
    native.build(buildOptions(), null, () => undefined),
    native.verify(dir, 2, null, () => undefined),
    native.openIndex(dir, openOptions),
    native.doctor(null),
  ];
  const store = native.createStore({ dim, element: 'u8', metric: 'l2', ...openOptions, delta: deltaOptions });
  const delta = store.createDelta();
  delta.append(
    Uint32Array.from({ length: 20_000 }, (_, i) => i),
    new Uint8Array(20_000 * dim).map((_, i) => (i * i) % 251),
  );
  const snapshot = store.createSnapshot({ segments: [], deltas: [delta], dead: Uint32Array.of(7) });
  const { source: _, metric: __, ...segmentOptions } = buildOptions();
  promises.push(
    snapshot.search(new Uint8Array(many * dim), many, exact, null),
    snapshot.fetch(Uint32Array.of(1, 2, 3)),
    delta.linked(null),
    store.openSegment(dir),
    store.buildSegment({ segments: [], deltas: [delta] }, snapshot, segmentOptions, null, () => undefined),
  );
  const scan = native.createExactScan('l2', 'u8', dim, new Uint8Array(1000 * dim), 1000, 5, 2);
  promises.push(scan.add(new Uint8Array(50_000 * dim), 50_000, 0));
  for (const promise of promises) promise.catch(() => undefined);
  return { index, scan, snapshot, promises };
}

function buildOptions() {
  const path = fileURLToPath(new URL('./sample/sift-4k.base.u8bin', import.meta.url));
  const source = { path, rows: 4000, dim, element: 'u8', float64: false, rowPrefix: false, offset: 8, stride: dim };
  const graph = {
    metric: 'l2',
    order: 'bisection',
    degree: 16,
    buildList: 64,
    alpha: 1.2,
    code: 'pq',
    codeBytes: 32,
    seed: 1,
  };
  return { ...graph, source, dir: `${extra}/built-${process.pid}-${performance.now()}`, memoryLimit: 0, threads: 2 };
}

/** @returns {Worker} one that runs a scenario of this file */
const worker = (/** @type {string} */ name) =>
  new Worker(new URL(import.meta.url), { workerData: [name, addon, dir, extra] });
const message = (/** @type {Worker} */ from) =>
  new Promise((resolve, reject) => from.once('message', resolve).once('error', reject));

const collections = new FinalizationRegistry((/** @type {() => void} */ tell) => tell());

/** @type {Record<string, () => Promise<void>>} */
const scenarios = {
  // A handle that nobody closed, collected with calls in flight: they settle first, then its threads end.
  async collect() {
    const before = threads();
    let opened = await native.openIndex(dir, openOptions);
    const while_open = threads();
    let collected = false;
    collections.register(opened, () => {
      collected = true;
    });
    const calls = Array.from({ length: 8 }, () => opened.search(new Uint8Array(2000 * dim), 2000, exact, null));
    opened = undefined;
    globalThis.gc?.();
    const collected_early = collected;
    const rows = (await Promise.all(calls)).map((result) => result.rows.length);
    // The lane's own threads stay; the two of the engine go.
    for (let i = 0; i < 500 && (!collected || threads() > while_open - 2); i += 1) {
      globalThis.gc?.();
      await sleep(10);
    }
    print({ collected_early, collected, rows, ended: while_open - threads(), started: while_open - before });
  },

  // An open index keeps no process alive, calls in flight do.
  async end() {
    const index = await native.openIndex(dir, openOptions);
    index.search(new Uint8Array(2000 * dim), 2000, exact, null).then((/** @type {unknown} */ result) => {
      print({ settled: Object.keys(/** @type {object} */ (result)) });
    });
  },

  async exit() {
    await startEverything();
    await sleep(Number(process.env.EXIT_AFTER_MS));
    process.exit(7);
  },

  // The queue of background tasks is full, and the process ends with all of them waiting.
  async overflow() {
    const codes = new Set();
    for (let i = 0; i < 300; i += 1) {
      native.doctor(extra).catch((/** @type {{ code: string }} */ error) => codes.add(error.code));
    }
    const index = await Promise.race([native.openIndex(dir, openOptions).catch(() => 'refused'), sleep(1, 'waits')]);
    print({ codes: [...codes], index });
    process.exit(0);
  },

  async terminate() {
    for (let i = 0; i < 4; i += 1) {
      const running = worker('busyWorker');
      await message(running);
      await sleep(i * 15);
      await running.terminate();
    }
    const index = await native.openIndex(dir, openOptions);
    const { rows } = await index.search(new Uint8Array(dim), 1, exact, null);
    await index.close();
    print({ rows: rows.length });
  },

  async busyWorker() {
    await startEverything();
    parentPort?.postMessage('busy');
  },

  // Two environments with an index each, at the same time; one ends while the other works on.
  async two() {
    const other = worker('searchWorker');
    const index = await native.openIndex(dir, openOptions);
    const queries = Uint8Array.from({ length: 50 * dim }, (_, i) => i % 100);
    const here = [];
    for (let i = 0; i < 20; i += 1) here.push(index.search(queries, 50, exact, null));
    const there = await message(other);
    const mine = (await Promise.all(here)).map((result) => [...result.rows]);
    const exited = new Promise((resolve) => other.once('exit', resolve));
    const code = await exited;
    const after = await index.search(queries, 50, exact, null);
    print({ equal: mine.every((rows) => String(rows) === String(there)), after: after.rows.length, code });
    await index.close();
  },

  async searchWorker() {
    const index = await native.openIndex(dir, openOptions);
    const queries = Uint8Array.from({ length: 50 * dim }, (_, i) => i % 100);
    const results = await Promise.all(Array.from({ length: 20 }, () => index.search(queries, 50, exact, null)));
    parentPort?.postMessage([...results[0].rows]);
  },

  // A worker that ends by itself with an open index and nothing in flight.
  async leave() {
    const codes = [];
    for (let i = 0; i < 3; i += 1) {
      const leaving = worker('openWorker');
      codes.push(await new Promise((resolve) => leaving.once('exit', resolve)));
    }
    print({ codes });
  },

  async openWorker() {
    await native.openIndex(dir, openOptions);
  },
};

await scenarios[scenario ?? '']?.();
