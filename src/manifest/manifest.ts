// The manifest: which segments a collection consists of, and up to where the log is in them. A value; it changes by
// a ManifestEdit (manifest-edit.ts) and becomes durable in manifest-store.ts. `checkManifest` holds the invariants,
// asked before every write and after every read. Bytes are in manifest-format.ts.
import { type ErrorCode, VamanaError } from '../errors.js';
import { NO_ROW } from '../limits.js';

/**
 * 2 where there are retired generations: what a release that knows 1 only would take for leftovers. 3 where vectors have
 * names: what earlier ones would take for vectors of one space.
 */
export const MANIFEST_FORMAT_VERSION = 3;
const MANIFEST_VERSION_RETIRED = 2;
/** Of a collection that is made without names. */
export const MANIFEST_VERSION_FIRST = 1;

/** Which version says all that is in a manifest. */
export function formatVersionOf({ config, retired }: Pick<Manifest<unknown>, 'config' | 'retired'>): 1 | 2 | 3 {
  if (isObject(config) && config.spaces !== undefined) return MANIFEST_FORMAT_VERSION;
  return retired === undefined ? MANIFEST_VERSION_FIRST : MANIFEST_VERSION_RETIRED;
}

export interface SegmentEntry {
  /** Also its folder's name. Never used again. */
  number: number;
  /** As in the headers of the segment's files. */
  uuid: string;
  rows: number;
  firstRow: number;
  lastRow: number;
  /** Of all files. */
  bytes: number;
  createdAt: string;
  /** 0 for a flushed delta; the level above the highest one merged into it. */
  level: number;
  /** The number of the vector space that it is of; absent: the first one. */
  space?: number;
}

/** Segments that a merge or a rebuild replaced, kept for a while so that it can be taken back. */
export interface RetiredGeneration {
  /** The number of the segment that took their place; null where no row of theirs lived. */
  replacedBy: number | null;
  retiredAt: string;
  /** Their files go after this time. */
  deleteAfter: string;
  segments: SegmentEntry[];
}

/** `Config` is plain JSON, opaque here but for whether it has `spaces`. */
export interface Manifest<Config> {
  /** See formatVersionOf. */
  formatVersion: 1 | 2 | typeof MANIFEST_FORMAT_VERSION;
  /** 1 at creation, one more with every edit. */
  version: number;
  /** Of the collection, from its creation on. */
  uuid: string;
  /** When the collection was created. */
  createdAt: string;
  config: Config;
  /** The rows of all records up to this one are in segments. */
  flushedSeq: number;
  /** Above the number of every segment that a manifest ever named. */
  nextSegmentNumber: number;
  /** Ascending by number. */
  segments: SegmentEntry[];
  /** In the order in which they were replaced; absent while there are none. */
  retired?: RetiredGeneration[];
}

/** `code`: CORRUPT for what was read, INTERNAL for what is about to be written. */
export function checkManifest<Config>(
  found: unknown,
  code: Extract<ErrorCode, 'CORRUPT' | 'INTERNAL'>,
  where: string,
): asserts found is Manifest<Config> {
  const problem = manifestProblem(found);
  if (problem !== null) throw new VamanaError(code, `${where}: not a valid manifest: ${problem}`);
}

/** The first invariant that does not hold; null when all do. */
export function manifestProblem(found: unknown): string | null {
  if (!isObject(found)) return `found ${describe(found)}, expected an object`;
  const isNamed = found.formatVersion === MANIFEST_FORMAT_VERSION;
  const hasRetired = found.formatVersion === MANIFEST_VERSION_RETIRED || (isNamed && found.retired !== undefined);
  const fields = fieldsProblem(found, hasRetired ? { ...MANIFEST_FIELDS, retired: RETIRED } : MANIFEST_FIELDS);
  if (fields !== null) return fields;
  const expected = formatVersionOf(found as unknown as Manifest<unknown>);
  if (found.formatVersion !== expected) {
    return `formatVersion: found ${found.formatVersion}, expected ${expected} by its members`;
  }
  const { segments, nextSegmentNumber, retired = [] } = found as unknown as Manifest<unknown>;
  const seen = { uuids: new Set<string>(), numbers: new Set<number>() };
  const lists: [place: string, segments: readonly SegmentEntry[]][] = [['segments', segments]];
  for (const [at, generation] of retired.entries()) {
    const problem = isObject(generation) ? fieldsProblem(generation, GENERATION_FIELDS) : 'expected an object';
    if (problem !== null) return `retired[${at}]: ${problem}`;
    lists.push([`retired[${at}].segments`, generation.segments]);
  }
  for (const [place, list] of lists) {
    const problem = listProblem(list, seen, isNamed);
    if (problem !== null) return `${place}${problem}`;
  }
  const above = Math.max(0, ...seen.numbers);
  return nextSegmentNumber > above ? null : `nextSegmentNumber ${nextSegmentNumber} is not above segment ${above}`;
}

function listProblem(
  segments: readonly SegmentEntry[],
  { uuids, numbers }: { uuids: Set<string>; numbers: Set<number> },
  isNamed: boolean,
): string | null {
  let above = 0;
  for (const [at, segment] of segments.entries()) {
    const problem = segmentProblem(segment, isNamed);
    if (problem !== null) return `[${at}]: ${problem}`;
    if (segment.number <= above) return `[${at}]: number ${segment.number}, expected one above ${above}`;
    if (uuids.has(segment.uuid)) return `[${at}]: the uuid ${segment.uuid} stands twice`;
    if (numbers.has(segment.number)) return `[${at}]: the number ${segment.number} stands twice`;
    above = segment.number;
    uuids.add(segment.uuid);
    numbers.add(segment.number);
  }
  return null;
}

function segmentProblem(found: unknown, isNamed: boolean): string | null {
  if (!isObject(found)) return `found ${describe(found)}, expected an object`;
  const hasSpace = isNamed && found.space !== undefined;
  const fields = fieldsProblem(found, hasSpace ? { ...SEGMENT_FIELDS, space: COUNT } : SEGMENT_FIELDS);
  if (fields !== null) return fields;
  const { rows, firstRow, lastRow } = found as unknown as SegmentEntry;
  if (lastRow < firstRow) return `its last row ${lastRow} is below its first, ${firstRow}`;
  if (rows > lastRow - firstRow + 1) return `${rows} rows do not fit between row ${firstRow} and row ${lastRow}`;
  return null;
}

type FieldRule = readonly [expected: string, holds: (value: unknown) => boolean];

const COUNT: FieldRule = ['an integer from 0', (value) => Number.isSafeInteger(value) && Number(value) >= 0];
const POSITIVE: FieldRule = ['an integer from 1', (value) => Number.isSafeInteger(value) && Number(value) >= 1];
const ROW: FieldRule = [`a row below ${NO_ROW}`, (value) => COUNT[1](value) && Number(value) < NO_ROW];
const UUID: FieldRule = ['a lower-case uuid', (value) => typeof value === 'string' && UUID_FORM.test(value)];
const TIME: FieldRule = ['a time as toISOString() gives it', isTime];

const UUID_FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

// Exactly these fields: a field with a new meaning comes with a new format version.
const MANIFEST_FIELDS: Readonly<Record<Exclude<keyof Manifest<unknown>, 'retired'>, FieldRule>> = {
  formatVersion: ['1, 2 or 3', (value) => value === 1 || value === 2 || value === 3],
  version: POSITIVE,
  uuid: UUID,
  createdAt: TIME,
  config: ['an object', isObject],
  flushedSeq: COUNT,
  nextSegmentNumber: POSITIVE,
  segments: ['an array', Array.isArray],
};

const RETIRED: FieldRule = ['a list that is not empty', (value) => Array.isArray(value) && value.length > 0];

const GENERATION_FIELDS: Readonly<Record<keyof RetiredGeneration, FieldRule>> = {
  replacedBy: ['a number from 1, or null', (value) => value === null || POSITIVE[1](value)],
  retiredAt: TIME,
  deleteAfter: TIME,
  segments: ['a list that is not empty', (value) => Array.isArray(value) && value.length > 0],
};

const SEGMENT_FIELDS: Readonly<Record<Exclude<keyof SegmentEntry, 'space'>, FieldRule>> = {
  number: POSITIVE,
  uuid: UUID,
  rows: POSITIVE,
  firstRow: ROW,
  lastRow: ROW,
  bytes: POSITIVE,
  createdAt: TIME,
  level: COUNT,
};

function fieldsProblem(found: Record<string, unknown>, rules: Readonly<Record<string, FieldRule>>): string | null {
  const unknown = Object.keys(found).find((name) => !Object.hasOwn(rules, name));
  if (unknown !== undefined) return `unknown field ${unknown}`;
  for (const [name, [expected, holds]] of Object.entries(rules)) {
    if (!holds(found[name])) return `${name}: found ${describe(found[name])}, expected ${expected}`;
  }
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTime(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const time = new Date(value);
  return Number.isFinite(time.getTime()) && time.toISOString() === value;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
