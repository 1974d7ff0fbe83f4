// `npm run bench:service [-- options]`: what the service adds to the library, and whether small searches stay quick while
// large bodies arrive. A `vamana serve` in a process of its own; the library in this one, on the same vectors:
//
//   single     p50 of one search after another, over HTTP and by the library
//   batch      queries a second in batches of 100, over HTTP and by the library
//   burst      20,000 rows as JSON (1000 a request) and as typed rows (one request)
//   sustained  rows a second for some seconds, as typed rows of 1000, over HTTP and by the library
//   large      p50 and p99 of small searches at a fixed rate (open loop: from when each was due), alone and while bodies
//              of 30 MB arrive one behind the other
//
// Times depend on the machine and on what else it does; client and service share its processors.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Command } from 'commander';
import { type Collection, open } from '../src/index.js';
import { startServiceProcess } from '../test/service-process.js';
import { positiveInteger } from '../tools/options.js';
import { formatNumber, printLine, printTable } from '../tools/output.js';
import { percentile } from '../tools/statistics.js';
import { projectRoot } from '../tools/tree.js';
import { HttpClient } from './http-client.js';
import { LoadData } from './service-data.js';

interface Options {
  rows: number;
  dim: number;
  seconds: number;
  rate: number;
  bodyMb: number;
  seed: number;
}

interface Line {
  what: string;
  service: string;
  library: string;
  ratio: string;
}

const OUTPUT = join(projectRoot(), 'bench', 'out', 'service');
const NAME = 'load';
const QUERIES = 500;
const BATCH = 100;
const ROWS_A_REQUEST = 1000;
const IN_FLIGHT = 4;
const K = 10;

class ServiceLoad {
  private readonly data: LoadData;
  private readonly queries: Float32Array;
  private readonly base: Float32Array;
  private readonly lines: Line[] = [];
  private nextId: number;

  constructor(
    private readonly options: Options,
    private readonly client: HttpClient,
    private readonly library: Collection,
  ) {
    this.data = new LoadData(options.dim, options.seed);
    this.base = this.data.vectors(options.rows);
    this.queries = this.data.vectors(QUERIES);
    this.nextId = options.rows;
  }

  async run(): Promise<readonly Line[]> {
    await this.burst();
    await this.client.call('POST', `/vamana/collections/${NAME}/flush`);
    await this.fillLibrary();
    await this.single();
    await this.batch();
    await this.sustained();
    await this.large();
    return this.lines;
  }

  private async burst(): Promise<void> {
    const { rows, dim } = this.options;
    const bodies: Buffer[] = [];
    for (let first = 0; first < rows; first += ROWS_A_REQUEST) {
      bodies.push(this.data.json(this.base.subarray(first * dim, (first + ROWS_A_REQUEST) * dim), first));
    }
    const json = await seconds(() =>
      inParallel(bodies, (body) => this.put(`/collections/${NAME}/points?wait=true`, 'PUT', body)),
    );
    this.tell('burst, JSON, rows/s', rows / json);
    const typed = this.data.binary(this.base, 0);
    const binary = await seconds(() => this.putTyped(typed));
    this.tell('burst, typed rows, rows/s', rows / binary);
  }

  private async fillLibrary(): Promise<void> {
    for (let first = 0; first < this.options.rows; first += ROWS_A_REQUEST) {
      await this.library.upsert(
        this.points(this.base, first, Math.min(this.options.rows, first + ROWS_A_REQUEST), first),
      );
    }
    await this.library.flush();
  }

  private async single(): Promise<void> {
    const bodies = Array.from({ length: QUERIES }, (_, at) => this.queryBody(at));
    const one = (at: number): Promise<unknown> => this.put(QUERY, 'POST', bodies[at] as Buffer);
    const direct = (at: number): Promise<unknown> => this.library.search(this.data.row(this.queries, at), { k: K });
    // Once unmeasured: connections, caches and compilers are warm then.
    await latencies(QUERIES, one);
    await latencies(QUERIES, direct);
    const http = percentile(await latencies(QUERIES, one), 0.5);
    const library = percentile(await latencies(QUERIES, direct), 0.5);
    this.tell('single search, p50 ms', http, library);
    this.tell('added by the service, p50 ms', http - library);
  }

  private async batch(): Promise<void> {
    const { dim } = this.options;
    const batches = Array.from({ length: QUERIES / BATCH }, (_, at) => at * BATCH);
    const bodies = batches.map((first) => {
      const searches = Array.from({ length: BATCH }, (_, at) => this.query(first + at));
      return Buffer.from(JSON.stringify({ searches }));
    });
    const rounds = Array.from({ length: 4 }, () => bodies).flat();
    const http = await seconds(() => inParallel(rounds, (body) => this.put(`${QUERY}/batch`, 'POST', body)));
    const views = batches.map((first) => this.queries.subarray(first * dim, (first + BATCH) * dim));
    const again = Array.from({ length: 4 }, () => views).flat();
    const library = await seconds(() => inParallel(again, (view) => this.library.searchBatch(view, { k: K })));
    const count = rounds.length * BATCH;
    this.tell('batches of 100, queries/s', count / http, count / library);
  }

  private async sustained(): Promise<void> {
    const vectors = this.data.vectors(ROWS_A_REQUEST);
    const http = await this.ingest(async (firstId) => this.putTyped(this.data.binary(vectors, firstId)));
    const library = await this.ingest((firstId) =>
      this.library.upsert(this.points(vectors, 0, ROWS_A_REQUEST, firstId)),
    );
    this.tell('sustained ingest, rows/s', http, library);
  }

  private async ingest(write: (firstId: number) => Promise<unknown>): Promise<number> {
    let rows = 0;
    const startMs = performance.now();
    const writer = async (): Promise<void> => {
      while (performance.now() - startMs < this.options.seconds * 1000) {
        const firstId = this.nextId;
        this.nextId += ROWS_A_REQUEST;
        await write(firstId);
        rows += ROWS_A_REQUEST;
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, writer));
    return rows / ((performance.now() - startMs) / 1000);
  }

  private async large(): Promise<void> {
    const alone = await this.openLoop();
    this.tell('searches alone, p50 ms', percentile(alone, 0.5));
    this.tell('searches alone, p99 ms', percentile(alone, 0.99));
    const { body, rows } = this.largeBody();
    let ended = false;
    let bodies = 0;
    const writing = (async () => {
      for (; !ended; bodies += 1) await this.put(`/collections/${NAME}/points`, 'PUT', body);
    })();
    const startMs = performance.now();
    const beside = await this.openLoop();
    ended = true;
    await writing;
    const took = (performance.now() - startMs) / 1000;
    this.tell(`searches beside ${formatNumber(body.length / 1e6)} MB bodies, p50 ms`, percentile(beside, 0.5));
    this.tell(`searches beside ${formatNumber(body.length / 1e6)} MB bodies, p99 ms`, percentile(beside, 0.99));
    this.tell('large bodies, rows/s', (bodies * rows) / took);
  }

  /** Milliseconds from when each search was due until its answer was there, ascending. */
  private async openLoop(): Promise<Float64Array> {
    const { rate, seconds: duration } = this.options;
    const bodies = Array.from({ length: QUERIES }, (_, at) => this.queryBody(at));
    const startMs = performance.now();
    const answers: Promise<number>[] = [];
    for (let at = 0; at < rate * duration; at += 1) {
      const dueMs = startMs + (at / rate) * 1000;
      if (dueMs > performance.now()) await setTimeout(dueMs - performance.now());
      answers.push(this.put(QUERY, 'POST', bodies[at % QUERIES] as Buffer).then(() => performance.now() - dueMs));
    }
    return Float64Array.from(await Promise.all(answers)).sort();
  }

  private largeBody(): { body: Buffer; rows: number } {
    const { bodyMb } = this.options;
    const sample = this.data.json(this.data.vectors(100), this.nextId).length / 100;
    const rows = Math.floor((bodyMb * 1e6) / sample);
    return { body: this.data.json(this.data.vectors(rows), this.nextId), rows };
  }

  private query(at: number): { query: number[]; limit: number } {
    return { query: Array.from(this.data.row(this.queries, at)), limit: K };
  }

  private queryBody(at: number): Buffer {
    return Buffer.from(JSON.stringify(this.query(at)));
  }

  private points(
    vectors: Float32Array,
    from: number,
    to: number,
    firstId: number,
  ): { id: number; vector: Float32Array }[] {
    return Array.from({ length: to - from }, (_, at) => ({
      id: firstId + at,
      vector: this.data.row(vectors, from + at),
    }));
  }

  private async put(path: string, method: string, body: Buffer): Promise<void> {
    this.client.expect(await this.client.send(method, path, body), path);
  }

  private async putTyped(body: Buffer): Promise<void> {
    const path = `/vamana/collections/${NAME}/points`;
    this.client.expect(await this.client.send('POST', path, body, 'application/octet-stream'), path);
  }

  private tell(what: string, service: number, library?: number): void {
    const ratio = library === undefined ? '' : formatNumber(service / library);
    const line = {
      what,
      service: formatNumber(service),
      library: library === undefined ? '' : formatNumber(library),
      ratio,
    };
    this.lines.push(line);
    printLine(`${what}: ${line.service}${library === undefined ? '' : ` (library ${line.library})`}`);
  }
}

const QUERY = `/collections/${NAME}/points/query`;

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}

async function latencies(count: number, work: (at: number) => Promise<unknown>): Promise<Float64Array> {
  const found = new Float64Array(count);
  for (let at = 0; at < count; at += 1) found[at] = 1000 * (await seconds(() => work(at)));
  return found.sort();
}

async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    for (let item = items[next]; item !== undefined; item = items[next]) {
      next += 1;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
}

async function main(options: Options): Promise<void> {
  rmSync(OUTPUT, { recursive: true, force: true });
  mkdirSync(OUTPUT, { recursive: true });
  const service = await startServiceProcess(join(OUTPUT, 'service'));
  const client = new HttpClient(service.url, 64);
  const database = await open(join(OUTPUT, 'library'));
  try {
    await client.call('PUT', `/collections/${NAME}`, { vectors: { size: options.dim, distance: 'Euclid' } });
    const library = await database.createCollection(NAME, { dim: options.dim, metric: 'l2' });
    const lines = await new ServiceLoad(options, client, library).run();
    printLine();
    printTable(lines, [
      { title: 'what', cell: (line) => line.what },
      { title: 'service', cell: (line) => line.service, align: 'right' },
      { title: 'library', cell: (line) => line.library, align: 'right' },
      { title: 'ratio', cell: (line) => line.ratio, align: 'right' },
    ]);
  } finally {
    client.close();
    await database.close();
    await service.stop();
    rmSync(OUTPUT, { recursive: true, force: true });
  }
}

const program = new Command('service-load')
  .description('what the service adds to the library, and how it does beside large bodies')
  .option('--rows <n>', 'rows of the burst, which are searched afterwards', positiveInteger, 20_000)
  .option('--dim <n>', 'dimension', positiveInteger, 128)
  .option('--seconds <n>', 'of each part that runs for a time', positiveInteger, 20)
  .option('--rate <n>', 'searches a second beside large bodies', positiveInteger, 100)
  .option('--body-mb <n>', 'megabytes of a large body', positiveInteger, 30)
  .option('--seed <n>', 'of the vectors', positiveInteger, 1);
await main(program.parse().opts<Options>());
