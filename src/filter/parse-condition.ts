// From JSON to what a filter asks of one field: match, range, values_count and the geo conditions of the service's
// language (Qdrant's FieldCondition). Called by parse-filter.ts.
import { parseDatetime } from '../field/datetime.js';
import type { Bounds, FieldCondition, GeoPoint, MatchValue } from '../field/field-condition.js';
import { matchValueOf } from '../field/field-values.js';
import type { JsonPart } from './json-part.js';

/** Values of one match, and points of one ring. */
export const VALUES_MAX = 100_000;

/** What a condition on a field may have beside its key; several in one object must all hold. */
export const FIELD_MEMBERS = [
  'match',
  'range',
  'geo_bounding_box',
  'geo_radius',
  'geo_polygon',
  'values_count',
  'is_empty',
  'is_null',
] as const;
type FieldMember = (typeof FIELD_MEMBERS)[number];

/** `negate`: the condition must not hold, which `is_empty: false` says. */
export interface ParsedCondition {
  condition: FieldCondition;
  negate: boolean;
}

export function parseFieldMember(name: FieldMember, part: JsonPart): ParsedCondition {
  if (name !== 'is_empty' && name !== 'is_null') return { condition: PARSERS[name](part), negate: false };
  if (typeof part.value !== 'boolean') throw part.wrong('true or false');
  return { condition: { kind: name === 'is_empty' ? 'isEmpty' : 'isNull' }, negate: !part.value };
}

const PARSERS: Readonly<Record<Exclude<FieldMember, 'is_empty' | 'is_null'>, (part: JsonPart) => FieldCondition>> = {
  match: parseMatch,
  range: parseRange,
  values_count: (part) => {
    const bounds = boundsOf(part, (bound) => bound.count());
    return { kind: 'valuesCount', bounds };
  },
  geo_radius: (part) => {
    const { center, radius } = part.members(['center', 'radius']);
    const metres = part.member('radius', radius).numberWithin(0, Number.MAX_VALUE);
    return { kind: 'geoRadius', center: parsePoint(part.member('center', center)), radius: metres };
  },
  geo_bounding_box: (part) => {
    const { top_left, bottom_right } = part.members(['top_left', 'bottom_right']);
    const topLeft = parsePoint(part.member('top_left', top_left));
    const bottomRight = parsePoint(part.member('bottom_right', bottom_right));
    if (topLeft.lat < bottomRight.lat) throw part.wrong('a top above its bottom');
    return { kind: 'geoBox', topLeft, bottomRight };
  },
  geo_polygon: (part) => {
    const { exterior, interiors } = part.members(['exterior', 'interiors']);
    const holes = interiors?.elements('rings', VALUES_MAX) ?? [];
    return {
      kind: 'geoPolygon',
      exterior: parseRing(part.member('exterior', exterior)),
      interiors: holes.map(parseRing),
    };
  },
};

const MATCHES = ['value', 'any', 'except', 'text', 'text_any', 'phrase', 'prefix'] as const;

function parseMatch(part: JsonPart): FieldCondition {
  const given = part.members(MATCHES);
  const names = MATCHES.filter((name) => given[name] !== undefined);
  const [name] = names;
  if (names.length !== 1 || name === undefined) throw part.wrong(`an object with one of ${MATCHES.join(', ')}`);
  const value = given[name] as JsonPart;
  switch (name) {
    case 'value':
      return { kind: 'match', values: [parseValue(value)] };
    case 'any':
      return { kind: 'match', values: parseValues(value) };
    case 'except':
      return { kind: 'except', values: parseValues(value) };
    case 'text':
      return { kind: 'text', text: value.string() };
    case 'text_any':
      return { kind: 'textAny', text: value.string() };
    case 'phrase':
      return { kind: 'phrase', text: value.string() };
    case 'prefix':
      return { kind: 'prefix', prefix: value.string() };
  }
}

function parseValues(part: JsonPart): MatchValue[] {
  return [...new Set(part.elements('values', VALUES_MAX).map(parseValue))];
}

function parseValue(part: JsonPart): MatchValue {
  const value = matchValueOf(part.value);
  if (value === undefined || Number.isNaN(value)) throw part.wrong('a string, a number or a boolean');
  return value;
}

// Bounds are all numbers or all dates; one of each kind would never hold.
function parseRange(part: JsonPart): FieldCondition {
  const bounds = part.members(BOUNDS);
  const [first] = Object.values(bounds);
  if (typeof first?.value === 'string') return { kind: 'datetimeRange', bounds: boundsOf(part, parseDate) };
  return {
    kind: 'range',
    bounds: boundsOf(part, (bound) => {
      if (typeof bound.value === 'string' || typeof bound.value === 'boolean') throw bound.wrong(RANGE_EXPECTED);
      return bound.number();
    }),
  };
}

const BOUNDS = ['gt', 'gte', 'lt', 'lte'] as const;
const RANGE_EXPECTED = 'a number, or dates by RFC 3339 for all bounds';

function parseDate(part: JsonPart): number {
  const micros = typeof part.value === 'string' ? parseDatetime(part.value) : undefined;
  if (micros === undefined) throw part.wrong('a date by RFC 3339, as 2024-05-01T12:00:00Z');
  return micros;
}

function boundsOf(part: JsonPart, read: (bound: JsonPart) => number | bigint): Bounds {
  const bounds = part.members(BOUNDS);
  return Object.fromEntries(Object.entries(bounds).map(([name, bound]) => [name, read(bound)]));
}

function parsePoint(part: JsonPart): GeoPoint {
  const { lon, lat } = part.members(['lon', 'lat']);
  return { lon: part.member('lon', lon).numberWithin(-180, 180), lat: part.member('lat', lat).numberWithin(-90, 90) };
}

function parseRing(part: JsonPart): GeoPoint[] {
  const { points } = part.members(['points']);
  const ring = part.member('points', points).elements('points', VALUES_MAX).map(parsePoint);
  const [first, last] = [ring[0], ring.at(-1)];
  const closed = first !== undefined && last !== undefined && first.lon === last.lon && first.lat === last.lat;
  if (ring.length >= 4 && closed) return ring;
  throw part.wrong('a ring of 4 points or more, of which the last is the first');
}
