// Which columns of a file hold vectors, ids and payloads. One rule for all column formats, so that what one of them
// wrote another reads:
// 1. The vectors are the column asked for, else `vector`, else the only one that could be.
// 2. The ids are the column asked for, else `id` where there is one.
// 3. The payloads are the column asked for, else `payload` where there is one, else an object of all columns left.
import { invalidArgument } from './faults.js';
import type { OpenVectorOptions } from './vector-source.js';

export const VECTOR_COLUMN = 'vector';
export const ID_COLUMN = 'id';
export const PAYLOAD_COLUMN = 'payload';

export interface ColumnChoice {
  vector: string;
  ids: string | undefined;
  /** One column that holds objects, several that are members of one, or none. */
  payload: { column: string } | { members: readonly string[] } | undefined;
}

/** What of it rows bring besides their vectors. */
export function columnsOf(choice: ColumnChoice | undefined): { ids: boolean; payloads: boolean } {
  return { ids: choice?.ids !== undefined, payloads: choice?.payload !== undefined };
}

/** INVALID_ARGUMENT, naming the columns there are. `candidates`: those whose values can be vectors. */
export function chooseVector(
  path: string,
  columns: readonly string[],
  candidates: readonly string[],
  asked: string | undefined,
): string {
  if (asked !== undefined) {
    if (candidates.includes(asked)) return asked;
    const problem = columns.includes(asked) ? `${asked} holds no vectors` : `there is no ${asked}`;
    throw invalidArgument(`${path}: ${problem}; ${describe(columns, candidates)}`);
  }
  if (candidates.includes(VECTOR_COLUMN)) return VECTOR_COLUMN;
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return only;
  throw invalidArgument(
    `${path}: which of them are the vectors is not clear; ${describe(columns, candidates)}; name one after the path: ${path}#NAME`,
  );
}

export function chooseColumns(
  path: string,
  columns: readonly string[],
  vector: string,
  { ids, payload }: Pick<OpenVectorOptions, 'ids' | 'payload'>,
): ColumnChoice {
  const idColumn = pick(path, columns, ids, ID_COLUMN);
  const payloadColumn = pick(path, columns, payload, PAYLOAD_COLUMN);
  const members = columns.filter((name) => name !== vector && name !== idColumn);
  const rest = payload === true && members.length > 0 ? { members } : undefined;
  return {
    vector,
    ids: idColumn,
    payload: payloadColumn === undefined ? rest : { column: payloadColumn },
  };
}

function pick(
  path: string,
  columns: readonly string[],
  asked: string | boolean | undefined,
  usual: string,
): string | undefined {
  if (asked === true) return columns.includes(usual) ? usual : undefined;
  if (asked === false || asked === undefined) return undefined;
  if (columns.includes(asked)) return asked;
  throw invalidArgument(`${path}: there is no ${asked}; it has ${columns.join(', ')}`);
}

function describe(columns: readonly string[], candidates: readonly string[]): string {
  if (candidates.length > 0) return `vectors can be ${candidates.join(', ')}`;
  return `none of ${columns.join(', ') || 'no columns'} holds lists of numbers of one length`;
}
