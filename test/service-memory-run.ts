// Whether the memory of `vamana serve` stays what it is: rounds of all that a service does (collections that are made,
// filled, asked, snapshotted and dropped; bodies large, broken and cut off), and after each round what /metrics says. A
// heap that is collected now and then is compared by its lowest points: those of the first third of the rounds, and those
// of the last. Called by test/service-memory.test.ts with few rounds, and by test/long/service-memory.ts.
import { connect } from 'node:net';
import { LARGE_JSON_BYTES } from '../src/http/route.js';
import { generator } from './faulty-storage.js';
import { type ServiceProcess, startServiceProcess } from './service-process.js';

export interface MemoryReport {
  rounds: number;
  requests: number;
  /** Least of the first and of the last third of the rounds. */
  heapBytes: [first: number, last: number];
  externalBytes: [first: number, last: number];
  residentBytes: [first: number, last: number];
}

interface Sample {
  heap: number;
  external: number;
  resident: number;
}

const DIM = 32;
const POINTS = 1200;
const NAME = 'round';

export async function runServiceMemory(dataDir: string, seed: number, goesOn: (rounds: number) => boolean) {
  const service = await startServiceProcess(dataDir);
  const load = new Load(service, generator(seed));
  const samples: Sample[] = [];
  try {
    while (goesOn(samples.length)) {
      await load.round();
      samples.push(await sampleOf(service));
    }
  } finally {
    await service.stop();
  }
  return reportOf(samples, load.requests);
}

class Load {
  requests = 0;

  constructor(
    private readonly service: ServiceProcess,
    private readonly random: () => number,
  ) {}

  async round(): Promise<void> {
    await this.ask('PUT', '', { vectors: { size: DIM, distance: 'Euclid' } });
    await this.ask('PUT', '/index', { field_name: 'n', field_schema: 'integer' });
    await this.ask('PUT', '/points?wait=true', { points: this.points() });
    await this.ask('PUT', '/points?wait=true', { points: this.points().slice(0, 50) });
    await this.ask('POST', '/points/query/batch', { searches: Array.from({ length: 400 }, () => this.query()) });
    for (let time = 0; time < 20; time += 1) await this.ask('POST', '/points/query', this.query());
    await this.ask('POST', '/facet', { key: 'n' });
    await this.ask('POST', '/points/scroll', { limit: 300, with_vector: true, order_by: 'n' });
    await this.ask('POST', '/points/delete', { filter: { must: [{ key: 'n', match: { value: 3 } }] } });
    await this.wrong();
    await this.cutOff();
    const { name } = (await this.ask('POST', '/snapshots')) as { name: string };
    await this.ask('DELETE', `/snapshots/${name}`);
    await this.ask('DELETE', '');
  }

  private async ask(method: string, end: string, body?: unknown): Promise<unknown> {
    const { status, body: answer, text } = await this.send(method, end, body);
    if (status !== 200) throw new Error(`${method} ${end}: ${status} ${text}`);
    return answer.result;
  }

  private send(method: string, end: string, body?: unknown) {
    this.requests += 1;
    return this.service.call(method, `/collections/${NAME}${end}`, body);
  }

  private async wrong(): Promise<void> {
    const padding = ' '.repeat(LARGE_JSON_BYTES);
    for (const [end, body] of [
      ['/points/query', '{"query":[1'],
      ['/points/query', `{"query":"x"}${padding}`],
      ['/points/query/batch', `{"searches":[{"query":[1]}]}${padding}`],
      ['/points/delete', '[]'],
      ['/points/nothing', '{}'],
    ] as const) {
      const { status, text } = await this.send('POST', end, body);
      if (status < 400 || status > 499) throw new Error(`POST ${end} of ${body.slice(0, 40)}: ${status} ${text}`);
    }
  }

  // A client that goes away in the middle of its body.
  private cutOff(): Promise<void> {
    const { hostname, port } = new URL(this.service.url);
    const head = `POST /collections/${NAME}/points/query HTTP/1.1\r\nhost: x\r\ncontent-length: 5000000\r\n\r\n`;
    this.requests += 1;
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.end(`${head}{"query":[1,`, () => socket.destroy()));
      socket.on('close', () => resolve());
      socket.on('error', reject);
    });
  }

  private points(): unknown[] {
    return Array.from({ length: POINTS }, (_, id) => ({ id, vector: this.vector(), payload: { n: id % 100 } }));
  }

  private query(): unknown {
    return { query: this.vector(), limit: 5, filter: { must: [{ key: 'n', range: { gte: this.random() * 50 } }] } };
  }

  private vector(): number[] {
    return Array.from({ length: DIM }, () => this.random());
  }
}

async function sampleOf(service: ServiceProcess): Promise<Sample> {
  const { text } = await service.call('GET', '/metrics');
  const gauge = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  return {
    heap: gauge('vamana_heap_bytes'),
    external: gauge('vamana_external_bytes'),
    resident: gauge('memory_resident_bytes'),
  };
}

function reportOf(samples: readonly Sample[], requests: number): MemoryReport {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const ends = (read: (sample: Sample) => number): [number, number] => [
    Math.min(...samples.slice(0, third).map(read)),
    Math.min(...samples.slice(-third).map(read)),
  ];
  return {
    rounds: samples.length,
    requests,
    heapBytes: ends(({ heap }) => heap),
    externalBytes: ends(({ external }) => external),
    residentBytes: ends(({ resident }) => resident),
  };
}

/** What grew by more than a part of it and some room, which caches and compiled code fill at first. */
export function grown({ heapBytes, externalBytes, residentBytes }: MemoryReport): string[] {
  const figures = { heapBytes, externalBytes, residentBytes };
  return Object.entries(figures).flatMap(([name, [first, last]]) =>
    last > 1.15 * first + ROOM_BYTES ? [`${name} grew from ${first} to ${last}`] : [],
  );
}

const ROOM_BYTES = 48 * 1024 * 1024;
