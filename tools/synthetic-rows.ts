// Vectors as real ones are and random ones are not: in clusters whose sizes follow a power law, each near a subspace of
// few dimensions, with some noise, and with exact duplicates. Every row is a function of the seed and of its number, so
// rows are made in any order, in blocks of any size, with memory that does not grow with their count, and a duplicate
// is made by making its original again. Called by generate.ts.
//
// A row of cluster c:  centre(c) + scale(c) * (g . basis(c mod bases)) + noise * n, g and n of standard normals.
// Sizes: cluster c, counted from 0, is chosen with a probability near (c + 1)^-exponent.
import { createVectorData, type VectorData, type VectorElement } from '../src/source/formats.js';
import { floatsToHalves } from '../src/source/half.js';

export interface SyntheticOptions {
  dim: number;
  element: Exclude<VectorElement, 'i32'>;
  seed: number;
  clusters: number;
  /** Of the power law of cluster sizes; 0 makes them equal. */
  exponent: number;
  /** Dimensions that a cluster extends in, at most `dim`. */
  intrinsicDim: number;
  /** Standard deviation in all dimensions, where that of a cluster along its own is about 1. */
  noise: number;
  /** Share of rows that repeat an earlier one. */
  duplicates: number;
}

/** Streams of random numbers, so that none repeats another's. */
const STREAM = { row: 1, centre: 2, basis: 3, scale: 4, query: 5 } as const;
/** Standard deviation of an element of a centre: clusters overlap at their edges. */
const SPREAD = 1.5;
const BASES_MAX = 16;
/** Held for bases, and again for centres of the largest clusters; what is beyond is made when it is needed. */
const HELD_BYTES = 32 << 20;

/** Where f32 values of a few units are put in whole numbers. */
const INTEGERS = {
  u8: { scale: 24, offset: 128, least: 0, most: 255 },
  i8: { scale: 24, offset: 0, least: -128, most: 127 },
};

export class SyntheticRows {
  private readonly bases: Float32Array[];
  private readonly centres = new Map<number, Float32Array>();
  private readonly centresHeld: number;
  private readonly row: Float32Array;

  constructor(private readonly options: SyntheticOptions) {
    const { dim, intrinsicDim, clusters } = options;
    const basisBytes = dim * intrinsicDim * 4;
    const count = Math.max(1, Math.min(BASES_MAX, clusters, Math.floor(HELD_BYTES / basisBytes)));
    this.bases = Array.from({ length: count }, (_, at) => this.makeBasis(at));
    this.centresHeld = Math.floor(HELD_BYTES / (dim * 4));
    this.row = new Float32Array(dim);
  }

  /** Rows [first, first + count), tightly packed. */
  rows(first: number, count: number): VectorData {
    return this.pack(count, (at) => this.makeRow(STREAM.row, this.originOf(first + at)));
  }

  /** Of the same distribution; none is a row, and none is a duplicate. */
  queries(first: number, count: number): VectorData {
    return this.pack(count, (at) => this.makeRow(STREAM.query, first + at));
  }

  /** The row that row `at` repeats, in the end; itself where it is none. */
  originOf(at: number): number {
    let row = at;
    for (;;) {
      const random = new Random(this.options.seed, STREAM.row, row);
      if (row === 0 || random.uniform() >= this.options.duplicates) return row;
      row = Math.floor(random.uniform() * row);
    }
  }

  /** The cluster of a row that is no duplicate. */
  clusterOf(row: number): number {
    return this.chooseCluster(afterDuplicates(this.options.seed, STREAM.row, row));
  }

  private makeRow(stream: number, row: number): Float32Array {
    const { dim, noise } = this.options;
    const random = afterDuplicates(this.options.seed, stream, row);
    const cluster = this.chooseCluster(random);
    const basis = this.bases[cluster % this.bases.length] as Float32Array;
    const scale = 0.5 + new Random(this.options.seed, STREAM.scale, cluster).uniform();
    const values = this.row;
    values.set(this.centreOf(cluster));
    for (let from = 0; from < basis.length; from += dim) {
      const along = scale * random.normal();
      for (let i = 0; i < dim; i += 1) values[i] = (values[i] as number) + along * (basis[from + i] as number);
    }
    if (noise > 0) {
      for (let i = 0; i < dim; i += 1) values[i] = (values[i] as number) + noise * random.normal();
    }
    return values;
  }

  // The inverse of the distribution of a continuous power law on [1, clusters + 1).
  private chooseCluster(random: Random): number {
    const { clusters, exponent } = this.options;
    const part = random.uniform();
    const power = 1 - exponent;
    const value =
      Math.abs(power) < 1e-9 ? (clusters + 1) ** part : (part * ((clusters + 1) ** power - 1) + 1) ** (1 / power);
    return Math.min(clusters - 1, Math.floor(value) - 1);
  }

  private centreOf(cluster: number): Float32Array {
    const held = this.centres.get(cluster);
    if (held !== undefined) return held;
    const random = new Random(this.options.seed, STREAM.centre, cluster);
    const centre = Float32Array.from({ length: this.options.dim }, () => SPREAD * random.normal());
    // The first clusters are the largest, so these are asked for most.
    if (cluster < this.centresHeld) this.centres.set(cluster, centre);
    return centre;
  }

  // Directions at random: in many dimensions they are nearly at right angles.
  private makeBasis(at: number): Float32Array {
    const { dim, intrinsicDim, seed } = this.options;
    const random = new Random(seed, STREAM.basis, at);
    const length = Math.sqrt(intrinsicDim);
    return Float32Array.from({ length: dim * intrinsicDim }, () => random.normal() / length);
  }

  private pack(count: number, make: (at: number) => Float32Array): VectorData {
    const { dim, element } = this.options;
    const packed = createVectorData(element, count * dim);
    for (let at = 0; at < count; at += 1) {
      const values = make(at);
      if (packed instanceof Uint16Array) floatsToHalves(values, packed.subarray(at * dim, (at + 1) * dim));
      else packed.set(element === 'f32' ? values : toIntegers(values, element as 'u8' | 'i8'), at * dim);
    }
    return packed;
  }
}

function toIntegers(values: Float32Array, element: 'u8' | 'i8'): Float32Array {
  const { scale, offset, least, most } = INTEGERS[element];
  return values.map((value) => Math.max(least, Math.min(most, Math.round(value * scale + offset))));
}

// What decides on duplicates is drawn first and left behind, so that a row does not depend on their share.
function afterDuplicates(seed: number, stream: number, row: number): Random {
  const random = new Random(seed, stream, row);
  random.uniform();
  random.uniform();
  return random;
}

/** sfc32 (Doty-Humphrey, PractRand), seeded by three numbers. */
class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;
  private spare: number | undefined;

  constructor(seed: number, stream: number, item: number) {
    this.a = (seed ^ Math.imul(stream, 0x9e3779b1)) | 0;
    this.b = item | 0;
    this.c = (Math.floor(item / 2 ** 32) ^ Math.floor(seed / 2 ** 32) ^ Math.imul(stream, 0x85ebca6b)) | 0;
    for (let round = 0; round < 12; round += 1) this.bits();
  }

  /** In [0, 1), 32 bits. */
  uniform(): number {
    return this.bits() / 2 ** 32;
  }

  /** Mean 0, deviation 1 (Box and Muller). */
  normal(): number {
    if (this.spare !== undefined) {
      const { spare } = this;
      this.spare = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  private bits(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
}
