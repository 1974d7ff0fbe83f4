// `vamana serve` killed with SIGKILL while many clients write: after each restart every point is as one of its writes
// left it, and none is older than the last that was acknowledged. Writes are small bodies, bodies large enough for a
// thread, typed rows, and deletes. The seed is printed; VAMANA_CRASH_ROUNDS asks for more than the few of `npm test`.
import { setTimeout } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type ServiceProcess, startServiceProcess } from './service-process.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const rounds = Number(process.env.VAMANA_CRASH_ROUNDS ?? 2);
const seed = Number(process.env.VAMANA_CRASH_SEED ?? Date.now() % 2 ** 31);
const CLIENTS = 6;
const DIM = 4;
const LARGE = 3000;

/** What a point was last written as: the number of the write, or 0 for deleted. */
interface Known {
  acknowledged: number;
  /** Begun since, and not answered. */
  begun: Set<number>;
}

function vectorOf(write: number): number[] {
  return [write, 1, 2, 3];
}

function typedRows(ids: readonly number[], write: number): Buffer {
  const body = Buffer.concat([
    Buffer.from(BigUint64Array.from(ids, BigInt).buffer),
    ...ids.map(() => Buffer.from(Float32Array.from(vectorOf(write)).buffer)),
  ]);
  const head = Buffer.alloc(32);
  head.write('vmpoints');
  head.writeUInt16LE(1, 8);
  head.writeUInt32LE(ids.length, 16);
  head.writeUInt32LE(DIM, 20);
  head.writeUInt32LE(crc32(body), 24);
  return Buffer.concat([head, body]);
}

class Clients {
  readonly known = new Map<number, Known>();
  private state = seed;
  private nextWrite = 1;
  acknowledged = 0;

  /** Until the service is gone. Each client has ids of its own, so what it knows is in order. */
  async write(service: ServiceProcess, client: number): Promise<void> {
    for (;;) {
      const write = this.nextWrite;
      this.nextWrite += 1;
      const kind = this.random(10);
      const count = kind === 0 ? LARGE : 1 + this.random(5);
      const ids = Array.from(
        { length: count },
        (_, at) => client * 100_000 + (count === LARGE ? at : this.random(200)),
      );
      const value = kind === 9 ? 0 : write;
      for (const id of ids) this.of(id).begun.add(value);
      try {
        await this.send(service, kind, [...new Set(ids)], write);
      } catch {
        return;
      }
      this.acknowledged += 1;
      for (const id of ids) this.known.set(id, { acknowledged: value, begun: new Set() });
    }
  }

  of(id: number): Known {
    const known = this.known.get(id) ?? { acknowledged: 0, begun: new Set<number>() };
    this.known.set(id, known);
    return known;
  }

  private async send(service: ServiceProcess, kind: number, ids: number[], write: number): Promise<void> {
    const path = '/collections/crashed/points';
    const points = ids.map((id) => ({ id, vector: vectorOf(write), payload: { write, text: 'x'.repeat(40) } }));
    const type = { 'content-type': 'application/octet-stream' };
    const answer =
      kind === 9
        ? await service.call('POST', `${path}/delete`, { points: ids })
        : kind === 8
          ? await service.call('POST', '/vamana/collections/crashed/points', typedRows(ids, write), type)
          : await service.call('PUT', path, { points });
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  }

  private random(below: number): number {
    this.state = (Math.imul(this.state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (this.state >>> 8) % below;
  }
}

describe('what was acknowledged', () => {
  it(`is there after kill -9 under load (seed ${seed})`, { timeout: 60_000 + 40_000 * rounds }, async () => {
    const data = folder.file('data');
    const clients = new Clients();
    let service = await startServiceProcess(data);
    await service.call('PUT', '/collections/crashed', { vectors: { size: DIM, distance: 'Euclid' } });
    for (let round = 0; round < rounds; round += 1) {
      const before = clients.acknowledged;
      const running = service;
      const writing = Array.from({ length: CLIENTS }, (_, client) => clients.write(running, client));
      while (clients.acknowledged < before + 40) await setTimeout(10);
      await service.stop('SIGKILL');
      await Promise.all(writing);
      service = await startServiceProcess(data);
      await check(service, clients);
    }
    expect(await service.stop()).toBe(0);
  });
});

async function check(service: ServiceProcess, clients: Clients): Promise<void> {
  const found = new Map<number, number>();
  for (let offset: unknown = 0; offset !== null; ) {
    const body = { offset, limit: 10_000, with_vector: true, with_payload: false };
    const page = (await service.call('POST', '/collections/crashed/points/scroll', body)).body.result;
    for (const { id, vector } of page.points) found.set(id, vector[0]);
    offset = page.next_page_offset;
  }
  expect(found.size).toBeGreaterThan(0);
  for (const id of new Set([...clients.known.keys(), ...found.keys()])) {
    const { acknowledged, begun } = clients.of(id);
    const value = found.get(id) ?? 0;
    if (value !== acknowledged && !begun.has(value)) {
      throw new Error(
        `point ${id}: found write ${value}, expected ${acknowledged} or one of ${[...begun]} (seed ${seed})`,
      );
    }
    // From here on it is what the restart made of it.
    clients.known.set(id, { acknowledged: value, begun: new Set() });
  }
}
