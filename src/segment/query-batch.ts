// Queries as a caller has them, made into the bytes that an index compares: checked, converted to the index's
// element type, never rounded but from f32 to f16. Called by VectorIndex; the addon copies the bytes.
import type { NativeElement, NativeSegmentInfo } from '../binding.js';
import { VamanaError } from '../errors.js';
import { floatToHalf, halfToFloat } from '../source/half.js';

/** One query or many, tightly packed: count x dim elements. See VectorIndex.search for what each index takes. */
export type QueryVectors = Float32Array | Uint16Array | Uint8Array | Int8Array;

export interface QueryBatch {
  bytes: Uint8Array;
  count: number;
}

/** The element that the values of each array are, and so the index that takes them as they are. */
const NATURAL_ELEMENT = {
  Float32Array: 'f32',
  Uint16Array: 'f16',
  Uint8Array: 'u8',
  Int8Array: 'i8',
} as const satisfies Record<string, NativeElement>;

const INTEGER_RANGE = { u8: [0, 255], i8: [-128, 127] } as const;

/** INVALID_ARGUMENT (wrong type, length or value) or NOT_FINITE, both naming the query and the position. */
export function createQueryBatch(
  queries: QueryVectors,
  { dim, element }: Pick<NativeSegmentInfo, 'dim' | 'element'>,
): QueryBatch {
  const from = elementOf(queries, element);
  if (queries.length % dim !== 0) {
    throw invalid(
      `queries: found ${queries.length} elements, expected a multiple of ${dim}: the index has dimension ${dim}`,
    );
  }
  requireFinite(queries, from, dim);
  const values = from === element ? queries : convert(queries as Float32Array, element, dim);
  return {
    bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    count: queries.length / dim,
  };
}

function elementOf(queries: QueryVectors, element: NativeElement): NativeElement {
  // By tag, not by class: a Buffer is a Uint8Array, and arrays of another realm are as good.
  const tag = ArrayBuffer.isView(queries) ? (queries as QueryVectors)[Symbol.toStringTag] : undefined;
  const from = tag === undefined ? undefined : NATURAL_ELEMENT[tag];
  if (from === element || from === 'f32') return from;
  const natural = Object.entries(NATURAL_ELEMENT).find((entry) => entry[1] === element)?.[0];
  const accepted = natural === 'Float32Array' ? 'a Float32Array' : `a Float32Array or a ${natural}`;
  const found = tag === undefined ? describe(queries) : `a ${tag}`;
  throw invalid(`queries: found ${found}, expected ${accepted}: the index holds ${element} vectors`);
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a plain array (new Float32Array(array) makes it a typed one)';
  if (value instanceof DataView) return 'a DataView';
  return value === null ? 'null' : `a value of type ${typeof value}`;
}

function requireFinite(queries: QueryVectors, from: NativeElement, dim: number): void {
  const at = findNotFinite(queries, from);
  if (at === -1) return;
  const raw = queries[at] as number;
  const value = from === 'f16' ? halfToFloat(raw) : raw;
  throw new VamanaError('NOT_FINITE', `queries: ${place(at, dim)} is ${value}, expected a finite number`);
}

// Plain loops: every value of every query passes here, and callbacks would cost several times as much.
function findNotFinite(queries: QueryVectors, from: NativeElement): number {
  if (from === 'f32') {
    for (let i = 0; i < queries.length; i += 1) {
      if (!Number.isFinite(queries[i])) return i;
    }
  } else if (from === 'f16') {
    for (let i = 0; i < queries.length; i += 1) {
      if (((queries[i] as number) & 0x7c00) === 0x7c00) return i;
    }
  }
  return -1;
}

function convert(queries: Float32Array, to: NativeElement, dim: number): QueryVectors {
  if (to === 'f16') return toHalves(queries, dim);
  const [least, most] = INTEGER_RANGE[to as 'u8' | 'i8'];
  const integers = to === 'u8' ? new Uint8Array(queries.length) : new Int8Array(queries.length);
  for (let i = 0; i < queries.length; i += 1) {
    const value = queries[i] as number;
    if (!Number.isInteger(value) || value < least || value > most) {
      const expected = `a whole number from ${least} to ${most}: the index holds ${to} vectors`;
      throw invalid(`queries: ${place(i, dim)} is ${value}, expected ${expected}`);
    }
    integers[i] = value;
  }
  return integers;
}

function toHalves(queries: Float32Array, dim: number): Uint16Array {
  const halves = new Uint16Array(queries.length);
  for (let i = 0; i < queries.length; i += 1) {
    const half = floatToHalf(queries[i] as number);
    if ((half & 0x7c00) === 0x7c00) {
      const expected = 'a number within the range of f16 (65504): the index holds f16 vectors';
      throw invalid(`queries: ${place(i, dim)} is ${queries[i]}, expected ${expected}`);
    }
    halves[i] = half;
  }
  return halves;
}

function place(at: number, dim: number): string {
  return `query ${Math.floor(at / dim)}, position ${at % dim}`;
}

function invalid(message: string): VamanaError {
  return new VamanaError('INVALID_ARGUMENT', message);
}
