// Paths into payloads, as users write them: `a.b`, `a[]` (all elements), `a[0]`, `"quoted.key"`; reading, setting
// and deleting at them. Setting and deleting change the object given: callers pass a decoded copy.
// Not here: which parts of a payload an answer shows (payload-selection.ts), filters.
import { VamanaError } from '../errors.js';
import type { Payload } from './point.js';

export type PathStep =
  | { kind: 'key'; key: string }
  | { kind: 'index'; index: number }
  /** Every element of an array. */
  | { kind: 'all' };

/** The first step is a key. */
export type PayloadPath = readonly PathStep[];

const STEP = /(\.?)(?:([\p{Alphabetic}\p{N}_-]+)|"([^"\\]*)"|\[([0-9]{0,10})\])/uy;

/** INVALID_ARGUMENT for a text that is no path. */
export function parsePath(text: string): PayloadPath {
  const steps: PathStep[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < text.length || steps.length === 0) {
    const at = STEP.lastIndex;
    const match = STEP.exec(text);
    const step = match === null ? undefined : stepOf(match, steps.length === 0);
    if (step === undefined) throw invalidPath(text, at);
    steps.push(step);
  }
  return steps;
}

function stepOf([, dot, raw, quoted, index]: RegExpExecArray, first: boolean): PathStep | undefined {
  if (index !== undefined) {
    if (dot !== '' || first) return undefined;
    return index === '' ? { kind: 'all' } : { kind: 'index', index: Number(index) };
  }
  if ((dot === '') !== first) return undefined;
  return { kind: 'key', key: raw ?? (quoted as string) };
}

/** The values at the path: none, one, or with `[]` one for each element that has it. */
export function getAtPath(payload: Payload, path: PayloadPath): unknown[] {
  let values: unknown[] = [payload];
  for (const step of path) {
    const next: unknown[] = [];
    for (const value of values) {
      if (step.kind === 'key') {
        if (isObject(value) && Object.hasOwn(value, step.key)) next.push(value[step.key]);
      } else if (Array.isArray(value)) {
        if (step.kind === 'all') for (const element of value) next.push(element);
        else if (step.index < value.length) next.push(value[step.index]);
      }
    }
    values = next;
  }
  return values;
}

/** Members of `source` into `target`, replacing; null removes the member. */
export function mergePayload(target: Payload, source: Payload): void {
  for (const key of Object.keys(source)) {
    if (source[key] === null) delete target[key];
    else setOwn(target, key, source[key]);
  }
}

/**
 * Merges `source` into the object at the path. What is missing on the way is made, and what has another shape is
 * replaced; elements of arrays are never made, so `a[3]` of a shorter array sets nothing.
 */
export function mergeAtPath(payload: Payload, path: PayloadPath, source: Payload): void {
  mergeInto(payload, path, 0, source);
}

// Returns what stands in the place of `value` afterwards.
function mergeInto(value: unknown, path: PayloadPath, at: number, source: Payload): unknown {
  const step = path[at];
  if (step === undefined || step.kind === 'key') {
    const object = isObject(value) ? value : {};
    if (step === undefined) mergePayload(object, source);
    else setOwn(object, step.key, mergeInto(ownValue(object, step.key), path, at + 1, source));
    return object;
  }
  if (!Array.isArray(value)) return [];
  const from = step.kind === 'all' ? 0 : step.index;
  const to = step.kind === 'all' ? value.length : Math.min(step.index + 1, value.length);
  for (let i = from; i < to; i += 1) value[i] = mergeInto(value[i], path, at + 1, source);
  return value;
}

/**
 * Removes what stands at the path. `a[]` empties the array; a single element (`a[0]`) is never removed, since the
 * others would move up and doing it again would remove another.
 */
export function deleteAtPath(payload: Payload, path: PayloadPath): void {
  const last = path[path.length - 1];
  for (const value of getAtPath(payload, path.slice(0, -1))) {
    if (last?.kind === 'key' && isObject(value)) delete value[last.key];
    else if (last?.kind === 'all' && Array.isArray(value)) value.length = 0;
  }
}

/** Sets an own member, whatever its name: assigning to `__proto__` would change the prototype instead. */
export function setOwn(object: Payload, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}

function ownValue(object: Payload, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function isObject(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalidPath(text: string, at: number): VamanaError {
  return new VamanaError(
    'INVALID_ARGUMENT',
    `payload key ${JSON.stringify(text)}: not a path at character ${at}; expected keys joined by dots, ` +
      'as a.b, a[].b, a[0] or "a key with spaces".b',
  );
}
