// Rows of one element type as rows of another. What can be told apart before stays so: a value that the target
// cannot hold is refused with its row and column, except that f32 is rounded to f16, whose largest error is kept.
// Called by convert (any cast) and truth (both sides to f32). NaN and infinity are refused before (finite.ts).
import { invalidArgument } from './faults.js';
import type { RowRun } from './finite.js';
import { createVectorData, formatTraits, type VectorData, type VectorElement, type VectorFormat } from './formats.js';
import { floatToHalf, halfToFloat, halvesToFloats } from './half.js';

export interface ElementCast {
  readonly from: VectorElement;
  readonly to: VectorElement;
  /** The cast rows; the very same array when nothing changes. Finite values only. */
  apply(run: RowRun): VectorData;
  /** The largest |rounded - original| so far; 0 unless values were rounded. */
  readonly largestError: number;
}

/** True when every value of `from` is one of `to`, whatever the data. */
export function widens(from: VectorElement, to: VectorElement): boolean {
  return from === to || WIDER[from].includes(to);
}

/** True when the cast may round values instead of refusing them. */
export function rounds(from: VectorElement, to: VectorElement): boolean {
  return to === 'f16' && !widens(from, to);
}

/**
 * The element that values of `from` are written as in a format: kept where the format has it, else widened
 * without loss; undefined when neither is possible and the caller has to choose.
 */
export function defaultElement(from: VectorElement, format: VectorFormat): VectorElement | undefined {
  const { elements } = formatTraits(format);
  return elements.find((element) => element === from) ?? elements.find((element) => widens(from, element));
}

/** `name` and `dim` are those of the source, for messages. */
export function createCast(name: string, dim: number, from: VectorElement, to: VectorElement): ElementCast {
  if (from === to) return { from, to, apply: (run) => run.data, largestError: 0 };
  let largestError = 0;
  const refuse = (run: RowRun, at: number, value: number): never => {
    const row = run.firstRow + Math.floor(at / dim) * (run.step ?? 1);
    throw invalidArgument(
      `${name}: row ${row}, column ${at % dim} is ${value}, which ${to} cannot hold (${RANGE[to]}); ` +
        'choose another --element',
    );
  };
  return {
    from,
    to,
    get largestError() {
      return largestError;
    },
    apply(run) {
      const values = from === 'f16' ? halvesToFloats(run.data as Uint16Array) : run.data;
      const cast = createVectorData(to, values.length);
      if (to === 'f16') {
        const error = roundToHalves(values, cast as Uint16Array, (at, value) => refuse(run, at, value));
        largestError = Math.max(largestError, error);
        return cast;
      }
      cast.set(values);
      if (widens(from, to)) return cast;
      // What the target could not hold came back changed: a fraction dropped, a value wrapped or rounded.
      for (let at = 0; at < values.length; at += 1) {
        if (cast[at] !== values[at]) refuse(run, at, values[at] as number);
      }
      return cast;
    },
  };
}

function roundToHalves(values: VectorData, halves: Uint16Array, refuse: (at: number, value: number) => never): number {
  let largest = 0;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number;
    const bits = floatToHalf(value);
    if ((bits & 0x7c00) === 0x7c00) refuse(at, value);
    halves[at] = bits;
    const error = Math.abs(halfToFloat(bits) - value);
    if (error > largest) largest = error;
  }
  return largest;
}

// Without i32: a vector becomes ids only when that is asked for.
const WIDER: Readonly<Record<VectorElement, readonly VectorElement[]>> = {
  u8: ['f16', 'f32'],
  i8: ['f16', 'f32'],
  f16: ['f32'],
  f32: [],
  i32: [],
};

const RANGE: Readonly<Record<VectorElement, string>> = {
  f32: 'whole numbers up to 2^24',
  f16: 'numbers from -65504 to 65504',
  u8: 'whole numbers from 0 to 255',
  i8: 'whole numbers from -128 to 127',
  i32: 'whole numbers from -2^31 to 2^31 - 1',
};
