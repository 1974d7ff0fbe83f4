// Vectors as users give them, made into the bytes that the WAL, the delta and segments hold: checked, converted to
// the collection's element type (only f16 rounds, and f32 what comes as doubles), normalised for cosine over floats.
// The bytes are a copy: what the caller does to its array afterwards changes nothing. Called by resolve.ts.
import type { NativeElement, NativeMetric } from '../binding.js';
import { VamanaError } from '../errors.js';
import type { PointId } from '../payload/point.js';
import { findNotFinite } from '../source/finite.js';
import { bytesOf, createVectorData, elementBytes, type VectorData } from '../source/formats.js';
import { floatsToHalves, floatToHalf, halfToFloat, halvesToFloats } from '../source/half.js';

/** Values; in a Uint16Array the bits of half floats. */
export type VectorInput = readonly number[] | Float32Array | Float64Array | Uint16Array | Uint8Array | Int8Array;

/** What encodeVector made elsewhere, on another thread, say: taken as it is. */
export class EncodedVector {
  constructor(
    readonly bytes: Uint8Array,
    /** Elements. */
    readonly length: number,
  ) {}
}

export interface VectorSpace {
  dim: number;
  element: NativeElement;
  metric: NativeMetric;
}

/** A vector whose squared length is this near to 1 is left as it is, so that normalising twice changes nothing. */
const UNIT_TOLERANCE = 1e-6;

/** INVALID_ARGUMENT or NOT_FINITE, naming the point and the position. */
export function encodeVector(
  input: VectorInput | EncodedVector,
  { dim, element, metric }: VectorSpace,
  id: PointId,
): Uint8Array {
  if (input instanceof EncodedVector) return encodedBytes(input, dim * elementBytes(element), id);
  const kind = kindOf(input);
  if (kind !== 'values' && kind !== element) {
    throw invalid(id, `found ${describe(input)} as vector, expected ${acceptedFor(element)}`);
  }
  if (input.length !== dim) {
    throw invalid(id, `its vector has ${input.length} elements, expected ${dim}, the dimension of the collection`);
  }
  if (metric === 'cosine' && (element === 'f32' || element === 'f16')) return encodeUnit(input, kind, element, id);
  const data = pooled(element, dim);
  if (kind === 'values') convert(input, data, element, id);
  else data.set(input as VectorData);
  requireFinite(data, element, input, id);
  return bytesOf(data);
}

function encodedBytes({ bytes }: EncodedVector, expected: number, id: PointId): Uint8Array {
  if (bytes.length === expected) return bytes;
  throw new VamanaError(
    'INTERNAL',
    `point ${id}: found an encoded vector of ${bytes.length} bytes, expected ${expected}`,
  );
}

// In f32, and rounded last: so f16 loses least, and takes whatever has a direction.
function encodeUnit(
  input: VectorInput,
  kind: 'values' | NativeElement,
  element: 'f32' | 'f16',
  id: PointId,
): Uint8Array {
  const data = pooled('f32', input.length) as Float32Array;
  if (kind === 'values') convert(input, data, 'f32', id);
  else halvesToFloats(input as Uint16Array, data);
  requireFinite(data, 'f32', kind === 'values' ? input : data, id);
  normalise(data);
  return bytesOf(element === 'f32' ? data : floatsToHalves(data));
}

// Not a buffer of its own: collecting thousands of small ones a second holds the event loop up.
function pooled(element: NativeElement, dim: number): VectorData {
  const { buffer, byteOffset } = Buffer.allocUnsafe(dim * elementBytes(element));
  return createVectorData(element, dim, buffer as ArrayBuffer, byteOffset);
}

function requireFinite(data: VectorData, element: NativeElement, input: VectorInput, id: PointId): void {
  const at = findNotFinite(data, element);
  if (at === -1) return;
  throw notFinite(id, at, input instanceof Uint16Array ? halfToFloat(input[at] as number) : (input[at] as number));
}

/** To length 1; the zero vector, which has no direction, stays. */
export function normalise(vector: Float32Array): void {
  let sum = 0;
  for (let i = 0; i < vector.length; i += 1) sum += (vector[i] as number) * (vector[i] as number);
  if (sum === 0 || Math.abs(sum - 1) <= UNIT_TOLERANCE) return;
  const scale = 1 / Math.sqrt(sum);
  for (let i = 0; i < vector.length; i += 1) vector[i] = (vector[i] as number) * scale;
}

// What the array holds: any numbers, or the very elements of one type.
function kindOf(input: unknown): 'values' | NativeElement | undefined {
  if (Array.isArray(input)) return 'values';
  const tag = ArrayBuffer.isView(input) ? (input as Uint8Array)[Symbol.toStringTag] : '';
  return KINDS[tag as string];
}

const KINDS: Readonly<Record<string, 'values' | NativeElement>> = {
  Float32Array: 'values',
  Float64Array: 'values',
  Uint16Array: 'f16',
  Uint8Array: 'u8',
  Int8Array: 'i8',
};

function convert(input: VectorInput, data: VectorData, element: NativeElement, id: PointId): void {
  for (let i = 0; i < input.length; i += 1) {
    const value = input[i];
    if (typeof value !== 'number') throw invalid(id, `position ${i} of its vector is ${describe(value)}, not a number`);
    if (element === 'f16') data[i] = floatToHalf(value);
    else data[i] = value;
    if ((element === 'u8' || element === 'i8') && data[i] !== value) {
      if (value - value !== 0) throw notFinite(id, i, value);
      throw invalid(id, `position ${i} of its vector is ${value}, expected ${RANGES[element]}`);
    }
  }
}

const RANGES = { u8: 'a whole number from 0 to 255', i8: 'a whole number from -128 to 127' } as const;

function acceptedFor(element: NativeElement): string {
  const own = Object.keys(KINDS).find((name) => KINDS[name] === element);
  return `an array of numbers, a Float32Array or a Float64Array${own === undefined ? '' : `, or a ${own}`}`;
}

function notFinite(id: PointId, at: number, value: number): VamanaError {
  const beyond = Number.isFinite(value) ? ', which is past what the collection holds' : '';
  return new VamanaError(
    'NOT_FINITE',
    `point ${id}: position ${at} of its vector is ${value}${beyond}; expected a finite number`,
  );
}

function invalid(id: PointId, problem: string): VamanaError {
  return new VamanaError('INVALID_ARGUMENT', `point ${id}: ${problem}`);
}

function describe(value: unknown): string {
  if (ArrayBuffer.isView(value)) return `a ${(value as Uint8Array)[Symbol.toStringTag] ?? 'DataView'}`;
  return value === null ? 'null' : `a value of type ${typeof value}`;
}
