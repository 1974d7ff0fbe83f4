// What the load on the service is made of: vectors around some centres, from a seeded generator, and bodies that are
// built before any clock runs. The distances between such vectors say nothing of recall; that is bench/run.ts.
import { crc32 } from 'node:zlib';
import { seededRandom } from '../tools/random.js';

const CENTRES = 64;

export class LoadData {
  private readonly centres: Float32Array;
  private readonly random: () => number;

  constructor(
    readonly dim: number,
    seed: number,
  ) {
    this.random = seededRandom(seed);
    this.centres = Float32Array.from({ length: CENTRES * dim }, () => this.uniform() * 4);
  }

  /** Rows x dim. */
  vectors(rows: number): Float32Array {
    const values = new Float32Array(rows * this.dim);
    for (let row = 0; row < rows; row += 1) {
      const centre = Math.floor(((this.uniform() + 1) / 2) * CENTRES) * this.dim;
      for (let axis = 0; axis < this.dim; axis += 1) {
        values[row * this.dim + axis] = (this.centres[centre + axis] as number) + this.uniform();
      }
    }
    return values;
  }

  json(vectors: Float32Array, firstId: number): Buffer {
    const points = Array.from({ length: vectors.length / this.dim }, (_, row) => {
      // Six digits, as many senders write.
      const vector = Array.from(this.row(vectors, row), (value) => Math.round(value * 1e6) / 1e6);
      return { id: firstId + row, vector, payload: payloadOf(firstId + row) };
    });
    return Buffer.from(JSON.stringify({ points }));
  }

  /** As FORMATS.md has it, without payloads. */
  binary(vectors: Float32Array, firstId: number): Buffer {
    const rows = vectors.length / this.dim;
    const ids = BigUint64Array.from({ length: rows }, (_, row) => BigInt(firstId + row));
    const body = Buffer.concat([
      Buffer.from(ids.buffer),
      Buffer.from(vectors.buffer, vectors.byteOffset, vectors.byteLength),
    ]);
    const head = Buffer.alloc(32);
    head.write('vmpoints');
    head.writeUInt16LE(1, 8);
    head.writeUInt32LE(rows, 16);
    head.writeUInt32LE(this.dim, 20);
    head.writeUInt32LE(crc32(body), 24);
    return Buffer.concat([head, body]);
  }

  row(vectors: Float32Array, row: number): Float32Array {
    return vectors.subarray(row * this.dim, (row + 1) * this.dim);
  }

  /** From -1 to 1. */
  private uniform(): number {
    return 2 * this.random() - 1;
  }
}

export function payloadOf(id: number): Record<string, unknown> {
  return { row: id, group: id % 100, name: `photo ${id}` };
}
