// Vectors in lines of JSON, plain or gzipped: an object with the vector as a member, and perhaps an id and a payload, or
// the bare vector. Read as f32. Opening passes over the whole file once to count the lines, since everybody asks how
// many there are; reading from a row on passes over those before it.
//
// Blank lines are passed over. What the columns are is told by the first row; a row may lack any but the vector.
import { statSync } from 'node:fs';
import { parseExactJson } from '../payload/exact-json.js';
import type { Payload, PointIdInput } from '../payload/point.js';
import { type ColumnChoice, chooseColumns, chooseVector, columnsOf } from './column-choice.js';
import type { ColumnFacts, ColumnReader, RowBlock } from './column-source.js';
import { copyNumbers, describe, idOf, payloadFrom, payloadOf } from './column-values.js';
import { badVectorFile, badVectorRow, invalidArgument } from './faults.js';
import { readLines } from './lines.js';
import type { OpenVectorOptions } from './vector-source.js';

/** Numbers of a block: few enough that their doubles are small beside a window. */
const BLOCK_NUMBERS = 2 ** 18;

type Row = { line: number; value: unknown };

/** NOT_FOUND, BAD_VECTOR_FILE, INVALID_ARGUMENT. */
export async function openJsonLines(path: string, options: OpenVectorOptions): Promise<ColumnReader> {
  let rows = 0;
  let first: Row | undefined;
  for await (const { text, number } of readLines(path)) {
    if (isBlank(text)) continue;
    first ??= parseRow(path, 0, number, text);
    rows += 1;
  }
  if (first === undefined) throw badVectorFile(path, 0, 'there is no line in it; expected at least one row');
  const choice = choose(path, first.value, options);
  const dim = vectorOf(path, 0, first, choice?.vector).length;
  return new JsonLinesReader(path, rows, dim, choice);
}

/** Undefined for bare vectors, which have no columns. */
function choose(path: string, first: unknown, options: OpenVectorOptions): ColumnChoice | undefined {
  if (Array.isArray(first)) {
    if (options.column === undefined) return undefined;
    throw invalidArgument(`${path}: its rows are bare vectors; there is no member ${options.column}`);
  }
  if (typeof first !== 'object' || first === null) {
    throw badVectorRow(path, 0, `it is ${describe(first)}; expected an object with a vector, or a list of numbers`);
  }
  const members = Object.keys(first);
  const candidates = members.filter((name) => isVector((first as Payload)[name]));
  const vector = chooseVector(path, members, candidates, options.column);
  return chooseColumns(path, members, vector, options);
}

class JsonLinesReader implements ColumnReader {
  readonly facts: ColumnFacts;

  constructor(
    path: string,
    rows: number,
    dim: number,
    private readonly choice: ColumnChoice | undefined,
  ) {
    const fileBytes = statSync(path).size;
    this.facts = { path, fileBytes, rows, dim, stored: 'f32', seekable: false, columns: columnsOf(choice) };
  }

  async *blocks(start: number, end: number): AsyncGenerator<RowBlock, void> {
    const { path, dim } = this.facts;
    const blockRows = Math.max(1, Math.floor(BLOCK_NUMBERS / dim));
    let rows: Row[] = [];
    let next = 0;
    for await (const { text, number } of readLines(path)) {
      if (isBlank(text)) continue;
      if (next >= start) rows.push(parseRow(path, next, number, text));
      next += 1;
      if (rows.length === blockRows || (next === end && rows.length > 0)) {
        yield this.block(rows, next - rows.length);
        rows = [];
      }
      if (next === end) return;
    }
  }

  close(): void {
    // Nothing is held open between two readings.
  }

  private block(rows: readonly Row[], firstRow: number): RowBlock {
    const { choice } = this;
    const { path, dim, columns } = this.facts;
    const numbers: number[] = [];
    for (const [at, row] of rows.entries()) {
      const vector = vectorOf(path, firstRow + at, row, choice?.vector);
      if (vector.length !== dim) {
        const found = `its vector has ${vector.length} elements, while the first row has ${dim}`;
        throw badVectorRow(path, firstRow + at, `${found}; all rows must have one dimension (line ${row.line})`);
      }
      for (const value of vector) numbers.push(Number(value));
    }
    // Doubles that f32 rounds, as every JSON writer of f32 leaves them.
    const data = copyNumbers({ path, stored: 'f32', dim }, Float32Array.from(numbers), firstRow);
    return {
      rows: rows.length,
      data,
      ...(columns.ids ? { ids: rows.map(({ value }, at) => this.id(value as Payload, firstRow + at)) } : {}),
      ...(columns.payloads
        ? { payloads: rows.map(({ value }, at) => this.payload(value as Payload, firstRow + at)) }
        : {}),
    };
  }

  private id(value: Payload, row: number): PointIdInput {
    return idOf(this.facts.path, row, value[this.choice?.ids ?? '']);
  }

  private payload(value: Payload, row: number): Payload | null {
    const { vector, ids, payload } = this.choice as ColumnChoice;
    if (payload !== undefined && 'column' in payload) return payloadOf(this.facts.path, row, value[payload.column]);
    // A later row may have members that the first one had not.
    const members = Object.keys(value).filter((name) => name !== vector && name !== ids);
    return payloadFrom(members, (name) => value[name]);
  }
}

function isBlank(text: string): boolean {
  return text.length === 0 || text.trim() === '';
}

function parseRow(path: string, row: number, line: number, text: string): Row {
  try {
    return { line, value: parseExactJson(text) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw badVectorRow(path, row, `line ${line} is no JSON: ${reason}`);
  }
}

// A whole number past 2^53 is a bigint here, and as good an element as its double.
function isVector(value: unknown): value is (number | bigint)[] {
  return Array.isArray(value) && value.length > 0 && value.every(isNumber);
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function vectorOf(path: string, row: number, { line, value }: Row, member: string | undefined): (number | bigint)[] {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const vector = member === undefined ? value : isObject ? (value as Payload)[member] : undefined;
  if (isVector(vector)) return vector;
  const what = member === undefined ? 'the row' : `its member ${member}`;
  if (Array.isArray(vector)) {
    const at = vector.findIndex((element) => !isNumber(element));
    const found = at === -1 ? 'no elements' : `${describe(vector[at])} as element ${at}`;
    throw badVectorRow(path, row, `${what} has ${found}; expected numbers (line ${line})`);
  }
  throw badVectorRow(path, row, `${what} is ${describe(vector)}; expected a list of numbers (line ${line})`);
}
