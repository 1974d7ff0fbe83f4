// `npm run bench:service [-- options]`: what the service adds to the library, and whether small searches stay quick while
// large bodies arrive. A `vamana serve` in a process of its own; the library in this one, on the same vectors, asked in
// the same way, with as many calls in flight. Lines of the report: bursts and sustained ingest (service-writes.ts),
// searches one after another and in batches of 100, those of a server that does nothing, and p50 and p99 of small
// searches beside large bodies (service-searches.ts).
//
// With `--database DIR`, whose collection `load` was filled before, only searches, first by the service and then by the
// library: one process at a time can hold it. Figures are medians of several rounds, of ingest their mean; client and service share the
// machine's processors.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { open } from '../src/index.js';
import { startServiceProcess } from '../test/service-process.js';
import { positiveInteger } from '../tools/options.js';
import { formatNumber, printLine, printTable } from '../tools/output.js';
import { mean, percentile } from '../tools/statistics.js';
import { projectRoot } from '../tools/tree.js';
import { startEmptyServer } from './empty-server-process.js';
import { HttpClient } from './http-client.js';
import { LoadData } from './service-data.js';
import { OtherLoad } from './other-load.js';
import { agreement, batchQps, median, openLoop, singleMs } from './service-searches.js';
import { type Asked, LibraryTarget, NAME, QUERIES, ServiceTarget, settled, type Target } from './service-target.js';
import { batchesOf, burst, callsASecond, largeQueries, largeUpsert, sendJson, sendTyped } from './service-writes.js';

interface Options {
  rows: number;
  dim: number;
  seconds: number;
  rate: number;
  bodyMb: number;
  rounds: number;
  seed: number;
  database?: string;
}

interface Line {
  what: string;
  service: string;
  library: string;
  ratio: string;
  /** What others had of the processors since the figure before. */
  others: string;
}

/** What the rounds of searches gave. */
interface Searches {
  singleMs: number[];
  qps: number[];
}

const OUTPUT = join(projectRoot(), 'bench', 'out', 'service');
const ROWS_A_REQUEST = 1000;
const SEARCHES_A_ROUND = 2000;
const BATCHES_A_ROUND = 20;
/** Before the first that is measured: after fewer the compilers are at work still, in a service more than in a library. */
const WARM_SEARCHES = 8000;
/** Neither merges of its own accord. */
const ENVIRONMENT = { VAMANA__MAINTENANCE__AUTO: 'false' };
const LIBRARY = { maintenance: { auto: false } };

class ServiceLoad {
  private readonly data: LoadData;
  private readonly base: Float32Array;
  private readonly asked: Asked;
  private readonly lines: Line[] = [];
  private nextId: number;
  private other = new OtherLoad([process.pid]);

  constructor(private readonly options: Options) {
    this.data = new LoadData(options.dim, options.seed);
    this.base = this.data.vectors(options.rows);
    this.asked = { data: this.data, queries: this.data.vectors(QUERIES) };
    this.nextId = options.rows;
  }

  async run(): Promise<readonly Line[]> {
    const service = await startServiceProcess(join(OUTPUT, 'service'), ENVIRONMENT);
    this.other = new OtherLoad([process.pid, service.child.pid ?? process.pid]);
    const client = new HttpClient(service.url, 64);
    const database = await open(join(OUTPUT, 'library'), LIBRARY);
    try {
      await this.bursts(client);
      const vectors = { size: this.options.dim, distance: 'Euclid' };
      await client.call('PUT', `/collections/${NAME}`, { vectors });
      const there = new ServiceTarget(client, this.asked);
      const collection = await database.createCollection(NAME, { dim: this.options.dim, metric: 'l2' });
      const here = new LibraryTarget(collection, this.asked);
      for (const target of [there, here]) await this.fill(target);
      await this.searches(there, here);
      await this.sustained(there, here);
      await this.large(there);
    } finally {
      client.close();
      await database.close();
      await service.stop();
    }
    return this.lines;
  }

  /** Of a database that is there. */
  async runOn(dir: string): Promise<readonly Line[]> {
    const service = await startServiceProcess(dir, ENVIRONMENT);
    this.other = new OtherLoad([process.pid, service.child.pid ?? process.pid]);
    const client = new HttpClient(service.url, 64);
    const there = new ServiceTarget(client, this.asked);
    let overHttp: Searches;
    let found: number[][];
    try {
      [overHttp] = (await this.inTurns([there])) as [Searches];
      await this.empty(there);
      found = await there.found(0);
    } finally {
      client.close();
      await service.stop();
    }
    this.other = new OtherLoad([process.pid]);
    const database = await open(dir, LIBRARY);
    try {
      const here = new LibraryTarget(await database.collection(NAME), this.asked);
      const [direct] = (await this.inTurns([here])) as [Searches];
      this.tellSearches(overHttp, direct);
      this.tell('nearest that both found, of all', await agreement(found, await here.found(0)));
    } finally {
      await database.close();
    }
    return this.lines;
  }

  private async bursts(client: HttpClient): Promise<void> {
    const { rows, dim, rounds } = this.options;
    const batches = batchesOf(this.base, dim, ROWS_A_REQUEST);
    const bodies = batches.map(({ vectors, firstId }) => this.data.json(vectors, firstId));
    const typed = this.data.binary(this.base, 0);
    const target = new ServiceTarget(client, this.asked);
    const json = await burst(target, { rows, dim, rounds }, () => sendJson(target, bodies));
    this.tell('burst, JSON, rows/s', json);
    this.tell('burst, typed rows, rows/s', await burst(target, { rows, dim, rounds }, () => sendTyped(target, typed)));
  }

  private async fill(target: Target): Promise<void> {
    for (const { vectors, firstId } of batchesOf(this.base, this.options.dim, ROWS_A_REQUEST)) {
      await target.upsert(vectors, firstId);
    }
    await target.flush();
    await settled(target);
  }

  private async searches(there: ServiceTarget, here: Target): Promise<void> {
    const [overHttp, direct] = (await this.inTurns([there, here])) as [Searches, Searches];
    await this.empty(there);
    this.tellSearches(overHttp, direct);
    this.tell('nearest that both found, of all', await agreement(await there.found(0), await here.found(0)));
  }

  // All single searches before all batches, which leave a process slower than it was for some hundreds of searches.
  private async inTurns(targets: readonly Target[]): Promise<Searches[]> {
    const singles = (target: Target, searches: number): Promise<number> =>
      singleMs((at) => target.search(at), searches);
    const asked = targets.map((target) => ({ target, singleMs: [] as number[], qps: [] as number[] }));
    for (const target of targets) await singles(target, WARM_SEARCHES);
    for (let round = 0; round < this.options.rounds; round += 1) {
      for (const { target, singleMs: found } of asked) found.push(await singles(target, SEARCHES_A_ROUND));
    }
    for (const target of targets) await batchQps(target, BATCHES_A_ROUND);
    for (let round = 0; round < this.options.rounds; round += 1) {
      for (const { target, qps } of asked) qps.push(await batchQps(target, BATCHES_A_ROUND));
    }
    return asked;
  }

  private async empty({ client, bodies }: ServiceTarget): Promise<void> {
    const { body } = await client.send('POST', `/collections/${NAME}/points/query`, bodies[0]);
    const empty = await startEmptyServer(body.length);
    const other = new HttpClient(empty.url, 64);
    try {
      const search = (at: number) => other.send('POST', '/', bodies[at % QUERIES]);
      await singleMs(search, WARM_SEARCHES);
      this.tell('a server that does nothing, p50 ms', await singleMs(search));
    } finally {
      other.close();
      empty.stop();
    }
  }

  private tellSearches(overHttp: Searches, direct: Searches): void {
    this.tell('single search, p50 ms', median(overHttp.singleMs), median(direct.singleMs));
    this.tell('added by the service, p50 ms', median(overHttp.singleMs) - median(direct.singleMs));
    this.tell('batches of 100, queries/s', median(overHttp.qps), median(direct.qps));
  }

  // In turns, each round half as long as another part and with nothing left to do from before; all rounds count, those too
  // that a segment is written beside.
  private async sustained(there: Target, here: Target): Promise<void> {
    const { rounds, seconds } = this.options;
    const vectors = this.data.vectors(ROWS_A_REQUEST);
    const written = [there, here].map((target) => ({ target, rates: [] as number[] }));
    for (let round = 0; round < rounds; round += 1) {
      for (const { target, rates } of written) {
        const write = (): Promise<unknown> => target.upsert(vectors, this.takeIds(ROWS_A_REQUEST));
        rates.push(ROWS_A_REQUEST * (await callsASecond(write, seconds / 2)));
        await settled(target);
      }
    }
    const [http = 0, library = 0] = written.map(({ rates }) => mean(rates));
    this.tell('sustained ingest, rows/s', http, library);
  }

  private async large(target: ServiceTarget): Promise<void> {
    const { rate, seconds, bodyMb } = this.options;
    const tell = (what: string, found: Float64Array): void => {
      this.tell(`searches ${what}, p50 ms`, percentile(found, 0.5));
      this.tell(`searches ${what}, p99 ms`, percentile(found, 0.99));
    };
    tell('alone', await openLoop(target, rate, seconds));
    const bytes = bodyMb * 1e6;
    const upsert = largeUpsert(this.data, bytes, this.nextId);
    const queries = largeQueries(this.asked, bytes);
    for (const [what, method, path, body] of [
      ['upserts', 'PUT', 'points', upsert],
      ['batches of queries', 'POST', 'points/query/batch', queries],
    ] as const) {
      let ended = false;
      const sending = (async () => {
        while (!ended) await target.send(method, `/collections/${NAME}/${path}`, body);
      })();
      tell(`beside ${what} of ${bodyMb} MB`, await openLoop(target, rate, seconds));
      ended = true;
      await sending;
      await settled(target);
    }
  }

  private takeIds(count: number): number {
    this.nextId += count;
    return this.nextId - count;
  }

  private tell(what: string, service: number, library?: number): void {
    const ratio = library === undefined ? '' : formatNumber(service / library);
    const direct = library === undefined ? '' : formatNumber(library);
    const share = this.other.share();
    const others = share === undefined ? '' : `${(100 * share).toFixed(0)}%`;
    this.lines.push({ what, service: formatNumber(service), library: direct, ratio, others });
    printLine(
      `${what}: ${formatNumber(service)}${library === undefined ? '' : ` (library ${direct})`}, others ${others}`,
    );
  }
}

async function main(options: Options): Promise<void> {
  rmSync(OUTPUT, { recursive: true, force: true });
  mkdirSync(OUTPUT, { recursive: true });
  try {
    const load = new ServiceLoad(options);
    const lines = await (options.database === undefined ? load.run() : load.runOn(options.database));
    printLine();
    printTable(lines, [
      { title: 'what', cell: (line) => line.what },
      { title: 'service', cell: (line) => line.service, align: 'right' },
      { title: 'library', cell: (line) => line.library, align: 'right' },
      { title: 'ratio', cell: (line) => line.ratio, align: 'right' },
      { title: 'others', cell: (line) => line.others, align: 'right' },
    ]);
  } finally {
    rmSync(OUTPUT, { recursive: true, force: true });
  }
}

const program = new Command('service-load')
  .description('what the service adds to the library, and how it does beside large bodies')
  .option('--rows <n>', 'rows of the burst, which are searched afterwards', positiveInteger, 20_000)
  .option('--dim <n>', 'dimension', positiveInteger, 128)
  .option('--seconds <n>', 'of each part that runs for a time', positiveInteger, 10)
  .option('--rate <n>', 'searches a second beside large bodies', positiveInteger, 100)
  .option('--body-mb <n>', 'megabytes of a large body', positiveInteger, 30)
  .option('--rounds <n>', 'that the others are medians of', positiveInteger, 5)
  .option('--database <dir>', 'whose collection `load` is searched, instead of one that is filled')
  .option('--seed <n>', 'of the vectors', positiveInteger, 1);
await main(program.parse().opts<Options>());
