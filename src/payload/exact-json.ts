// JSON in which whole numbers are exact to 64 bits and beyond, both ways: payloads and ids, in files and on the wire.
// Most texts hold none past 2^53, and the engine's own parser and writer, which are many times faster, do; the others go
// through the exact ones. Called by the service (src/http/wire-json.ts), and by whatever reads or writes .jsonl.
import { parse as parseExact } from 'lossless-json';

/** A whole number that JSON.parse may round. In a string it does no harm: the exact parser is slower, not different. */
const LONG_INTEGER = /(?:^|[:,[\s])-?\d{16,}(?=[\s,\]}]|$)/;

/** Whole numbers past 2^53 become bigints. SyntaxError for what is no JSON, RangeError for what is nested too deeply. */
export function parseExactJson(text: string): unknown {
  if (!LONG_INTEGER.test(text)) return JSON.parse(text);
  return parseExact(text, undefined, { parseNumber, onDuplicateKey: ({ newValue }) => newValue });
}

function parseNumber(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) || !/^-?\d+$/.test(text) ? value : BigInt(text);
}

/** Bigints as whole numbers. Members that are undefined are left out. */
export function writeExactJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // There is no cheaper way to learn that there is a bigint.
    if (error instanceof TypeError) return writeExact(value);
    throw error;
  }
}

function writeExact(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map((element) => writeExact(element ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([key, member]) => `${JSON.stringify(key)}:${writeExact(member)}`);
  return `{${members.join(',')}}`;
}

/** The shortest decimal that is the same float of 32 bits: what was given, not what it was widened to. */
export function shortFloat(value: number): number {
  const single = Math.fround(value);
  const magnitude = Math.abs(single);
  return magnitude >= SCALED_LEAST && magnitude < SCALED_MOST ? shortScaled(single, magnitude) : shortPrinted(single);
}

/** Within these the power of ten that makes nine digits a whole number is exact as a double. */
const SCALED_LEAST = 1e-13;
const SCALED_MOST = 1e5;
const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

// Without going over text, which takes ten times as long: a quotient of two exact doubles is the double that the decimal
// reads as.
function shortScaled(single: number, magnitude: number): number {
  let exponent = 5 - Math.floor(Math.log10(magnitude));
  for (let digits = 6; digits < 9; digits += 1) {
    const power = POWERS[exponent] as number;
    const short = Math.round(single * power) / power;
    if (Math.fround(short) === single) return short;
    exponent += 1;
  }
  return single;
}

function shortPrinted(single: number): number {
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return short;
  }
  return single;
}
