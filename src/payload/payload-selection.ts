// Which parts of a payload an answer shows: all, none, or by paths to include or to exclude. An array keeps its
// place but holds only the elements that are shown. The payload given is never changed.
import { VamanaError } from '../errors.js';
import { type PathStep, type PayloadPath, parsePath, setOwn } from './payload-path.js';
import type { Payload } from './point.js';

/** As users write it: a list of paths is the same as `include`. */
export type WithPayload = boolean | readonly string[] | { include: readonly string[] } | { exclude: readonly string[] };

export type PayloadSelection =
  | { kind: 'all' }
  | { kind: 'none' }
  | { kind: 'include' | 'exclude'; paths: readonly PayloadPath[] };

/** INVALID_ARGUMENT for a path or a selector that is none. */
export function parseSelection(selector: WithPayload): PayloadSelection {
  if (typeof selector === 'boolean') return { kind: selector ? 'all' : 'none' };
  if (Array.isArray(selector)) return byPaths('include', selector);
  if (typeof selector === 'object' && selector !== null) {
    if ('include' in selector && !('exclude' in selector)) return byPaths('include', selector.include);
    if ('exclude' in selector && !('include' in selector)) return byPaths('exclude', selector.exclude);
  }
  throw invalidSelector();
}

/** The part of the payload that is shown; the payload itself when it is all of it. */
export function selectPayload(payload: Payload, selection: PayloadSelection): Payload {
  if (selection.kind === 'all') return payload;
  if (selection.kind === 'none') return {};
  const shows = selection.kind === 'include' ? isIncluded : isNotExcluded;
  const shown = (path: readonly Place[]): boolean => shows(selection.paths, path);
  return selectObject(payload, shown, []);
}

/** Where a value stands, from the payload down: keys and positions in arrays. */
type Place = string | number;

function selectObject(object: Payload, shown: (path: readonly Place[]) => boolean, path: Place[]): Payload {
  const result: Payload = {};
  for (const key of Object.keys(object)) {
    path.push(key);
    if (shown(path)) setOwn(result, key, selectValue(object[key], shown, path));
    path.pop();
  }
  return result;
}

function selectValue(value: unknown, shown: (path: readonly Place[]) => boolean, path: Place[]): unknown {
  if (Array.isArray(value)) {
    const result: unknown[] = [];
    for (let i = 0; i < value.length; i += 1) {
      path.push(i);
      if (shown(path)) result.push(selectValue(value[i], shown, path));
      path.pop();
    }
    return result;
  }
  if (typeof value === 'object' && value !== null) return selectObject(value as Payload, shown, path);
  return value;
}

// On the way to a path that is included, or inside one.
function isIncluded(paths: readonly PayloadPath[], place: readonly Place[]): boolean {
  return paths.some((path) => matches(path, place, Math.min(path.length, place.length)));
}

function isNotExcluded(paths: readonly PayloadPath[], place: readonly Place[]): boolean {
  return !paths.some((path) => path.length <= place.length && matches(path, place, path.length));
}

function matches(path: PayloadPath, place: readonly Place[], length: number): boolean {
  for (let i = 0; i < length; i += 1) {
    if (!isAt(path[i] as PathStep, place[i] as Place)) return false;
  }
  return true;
}

function isAt(step: PathStep, place: Place): boolean {
  if (step.kind === 'key') return step.key === place;
  return typeof place === 'number' && (step.kind === 'all' || step.index === place);
}

function byPaths(kind: 'include' | 'exclude', paths: unknown): PayloadSelection {
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string')) throw invalidSelector();
  return { kind, paths: paths.map(parsePath) };
}

function invalidSelector(): VamanaError {
  return new VamanaError(
    'INVALID_ARGUMENT',
    'with_payload: expected true, false, a list of keys, {include: [keys]} or {exclude: [keys]}',
  );
}
