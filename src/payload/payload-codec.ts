// Payloads as bytes: MessagePack by msgpackr, encoded once, carried by the WAL and stored in LMDB as they are.
// What is decoded is exactly the JSON that was given. Plain MessagePack cannot tell all of JSON apart in
// JavaScript, so a payload with -0, a key "__proto__" or an integer past 64 bits is written as a tree of tagged
// arrays behind the byte 0xc1, which no MessagePack document begins with.
import { Packr, Unpackr } from 'msgpackr';
import { VamanaError } from '../errors.js';
import { setOwn } from './payload-path.js';
import type { Payload } from './point.js';
import { isWellFormed } from './unicode.js';

/** Nesting allowed; what would overflow a stack, here or in a client, is refused. */
export const MAX_PAYLOAD_DEPTH = 128;

const packr = new Packr({ useRecords: false, variableMapSize: true, useToJSON: false });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true });

/** What encodePayload made elsewhere, on another thread, say: taken as it is. */
export class EncodedPayload {
  constructor(readonly bytes: Uint8Array) {}
}

const TAGGED = 0xc1;

/**
 * INVALID_ARGUMENT, with the place, for what JSON cannot say: functions, dates, NaN, strings that are no Unicode.
 * Members that are undefined are left out, as JSON.stringify does. The bytes are never changed afterwards.
 */
export function encodePayload(payload: Payload): Uint8Array {
  if (!isObject(payload)) throw invalid(payload, '', 'expected an object');
  const traits: Traits = { needsTags: false, needsCopy: false };
  inspect(payload, traits, 1, []);
  const plain = traits.needsCopy ? copy(payload) : payload;
  if (!traits.needsTags) return packr.pack(plain);
  const body = packr.pack(addTags(plain));
  const bytes = Buffer.allocUnsafeSlow(1 + body.length);
  bytes[0] = TAGGED;
  bytes.set(body, 1);
  return bytes;
}

/** CORRUPT when the bytes are no payload. */
export function decodePayload(bytes: Uint8Array): Payload {
  let value: unknown;
  try {
    value = bytes[0] === TAGGED ? removeTags(unpackr.unpack(bytes.subarray(1))) : unpackr.unpack(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VamanaError('CORRUPT', `payload of ${bytes.length} bytes cannot be decoded: ${reason}`, { cause });
  }
  if (isObject(value)) return value;
  throw new VamanaError('CORRUPT', `payload of ${bytes.length} bytes decodes to ${describe(value)}, not to an object`);
}

interface Traits {
  needsTags: boolean;
  needsCopy: boolean;
}

// The one look at every value: checks it, and finds what plain MessagePack would lose.
function inspect(value: unknown, traits: Traits, depth: number, path: (string | number)[]): void {
  if (typeof value === 'string') {
    if (!isWellFormed(value)) throw invalid('half of a surrogate pair', path, 'expected a string of whole characters');
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw invalid(value, path, 'expected a finite number');
    if (Object.is(value, -0)) traits.needsTags = true;
  } else if (typeof value === 'bigint') {
    if (isSafe(value)) traits.needsCopy = true;
    else if (value !== BigInt.asIntN(64, value) && value !== BigInt.asUintN(64, value)) traits.needsTags = true;
  } else if (Array.isArray(value)) {
    checkDepth(depth, path);
    for (let i = 0; i < value.length; i += 1) {
      path.push(i);
      inspect(value[i], traits, depth + 1, path);
      path.pop();
    }
  } else if (isObject(value)) {
    checkDepth(depth, path);
    for (const key of Object.keys(value)) inspectMember(value, key, traits, depth, path);
  } else if (value !== null && typeof value !== 'boolean') {
    throw invalid(value, path, 'expected JSON: null, booleans, numbers, strings, arrays and plain objects');
  }
}

function inspectMember(object: Payload, key: string, traits: Traits, depth: number, path: (string | number)[]): void {
  const value = object[key];
  path.push(key);
  if (!isWellFormed(key)) throw invalid('half of a surrogate pair', path, 'expected a key of whole characters');
  if (key === '__proto__') traits.needsTags = true;
  if (value === undefined) traits.needsCopy = true;
  else inspect(value, traits, depth + 1, path);
  path.pop();
}

function checkDepth(depth: number, path: readonly (string | number)[]): void {
  if (depth <= MAX_PAYLOAD_DEPTH) return;
  throw invalid(`more than ${MAX_PAYLOAD_DEPTH} levels`, path.slice(0, 3), 'expected fewer (or no cycle)');
}

// Without undefined members, and with bigints that are plain numbers as such.
function copy(value: unknown): unknown {
  if (typeof value === 'bigint') return isSafe(value) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(copy);
  if (!isObject(value)) return value;
  const result: Payload = {};
  for (const key of Object.keys(value)) {
    if (value[key] !== undefined) setOwn(result, key, copy(value[key]));
  }
  return result;
}

function addTags(value: unknown): unknown {
  if (Object.is(value, -0)) return ['z'];
  if (typeof value === 'bigint') return ['i', value.toString()];
  if (Array.isArray(value)) return ['a', ...value.map(addTags)];
  if (isObject(value)) return ['o', ...Object.keys(value).flatMap((key) => [key, addTags(value[key])])];
  return value;
}

function removeTags(tagged: unknown): unknown {
  if (!Array.isArray(tagged)) return tagged;
  const [tag, ...rest] = tagged;
  if (tag === 'z') return -0;
  if (tag === 'i') return BigInt(rest[0] as string);
  if (tag === 'a') return rest.map(removeTags);
  if (tag !== 'o') throw new Error(`tag ${String(tag)} is not known`);
  const object: Payload = {};
  for (let i = 0; i < rest.length; i += 2) setOwn(object, rest[i] as string, removeTags(rest[i + 1]));
  return object;
}

function isSafe(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
}

function isObject(value: unknown): value is Payload {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // By shape, not by identity: objects of another realm are as good.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'object') return `an object of class ${value.constructor?.name ?? 'unknown'}`;
  return typeof value === 'number' ? String(value) : `a value of type ${typeof value}`;
}

function invalid(found: unknown, path: '' | readonly (string | number)[], expected: string): VamanaError {
  const place = path === '' || path.length === 0 ? '' : ` at ${path.map((step) => JSON.stringify(step)).join('.')}`;
  const what = typeof found === 'string' ? found : describe(found);
  return new VamanaError('INVALID_ARGUMENT', `payload${place}: found ${what}; ${expected}`);
}
