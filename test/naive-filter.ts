// What a filter of the service's language means, in the slowest and plainest way: straight from its JSON, one payload at
// a time. What the parser, the matcher and the evaluation over postings are compared with. Dates, tokens and the
// geometry of places are the library's own, which have tests of their own.
import assert from 'node:assert/strict';
import { parseDatetime } from '../src/field/datetime.js';
import { TEXT_DEFAULTS } from '../src/field/field-schema.js';
import { isInArea } from '../src/field/geo.js';
import { tokenize } from '../src/field/tokenize.js';

type Json = Record<string, unknown>;

export function naiveMatches(filter: Json, id: bigint | string, payload: Json | null): boolean {
  const list = (clause: unknown): Json[] =>
    clause === undefined || clause === null ? [] : Array.isArray(clause) ? clause : [clause as Json];
  const holds = (condition: Json): boolean => naiveCondition(condition, id, payload);
  const should = list(filter.should);
  const few = filter.min_should as { conditions: Json[]; min_count: number } | undefined;
  return (
    list(filter.must).every(holds) &&
    (should.length === 0 || should.some(holds)) &&
    !list(filter.must_not).some(holds) &&
    (few === undefined || list(few.conditions).filter(holds).length >= few.min_count)
  );
}

function naiveCondition(condition: Json, id: bigint | string, payload: Json | null): boolean {
  if ('has_id' in condition) return (condition.has_id as unknown[]).some((wanted) => String(wanted) === String(id));
  if ('has_vector' in condition) return condition.has_vector === '';
  if ('nested' in condition) {
    const { key, filter } = condition.nested as { key: string; filter: Json };
    const found = at(payload, `${key.replace(/\[\]$/, '')}[]`);
    return found.some((element) => isObject(element) && naiveMatches(filter, id, element));
  }
  if ('is_empty' in condition && typeof condition.is_empty === 'object') {
    return isEmpty(at(payload, (condition.is_empty as { key: string }).key));
  }
  if ('is_null' in condition && typeof condition.is_null === 'object') {
    return flat(at(payload, (condition.is_null as { key: string }).key)).includes(null);
  }
  if (!('key' in condition)) return naiveMatches(condition, id, payload);
  const found = at(payload, condition.key as string);
  return Object.entries(condition).every(([name, asked]) => name === 'key' || naiveMember(name, asked, found));
}

function naiveMember(name: string, asked: unknown, found: unknown[]): boolean {
  const values = flat(found);
  if (name === 'is_empty') return isEmpty(found) === asked;
  if (name === 'is_null') return values.includes(null) === asked;
  if (name === 'values_count') return inBounds(values.length, asked as Json);
  if (name === 'range') return values.some((value) => inRange(value, asked as Json));
  if (name === 'match') return naiveMatch(asked as Json, values);
  return values.some((value) => inPlace(name, asked as Json, value));
}

function naiveMatch(match: Json, values: unknown[]): boolean {
  const scalars = values.filter((value) => ['string', 'number', 'bigint', 'boolean'].includes(typeof value));
  const texts = values.filter((value) => typeof value === 'string');
  const words = (text: string): string[] => tokenize(text, TEXT_DEFAULTS);
  if ('value' in match) return scalars.some((value) => same(value, match.value));
  if ('any' in match) return scalars.some((value) => (match.any as unknown[]).some((other) => same(value, other)));
  if ('except' in match)
    return scalars.some((value) => !(match.except as unknown[]).some((other) => same(value, other)));
  if ('prefix' in match) return texts.some((text) => text.slice(0, (match.prefix as string).length) === match.prefix);
  if ('text' in match) {
    const wanted = words(match.text as string);
    return wanted.length > 0 && texts.some((text) => wanted.every((word) => words(text).includes(word)));
  }
  if ('text_any' in match) {
    return texts.some((text) => words(match.text_any as string).some((word) => words(text).includes(word)));
  }
  assert('phrase' in match);
  const wanted = ` ${words(match.phrase as string).join(' ')} `;
  return wanted !== '  ' && texts.some((text) => ` ${words(text).join(' ')} `.includes(wanted));
}

function inPlace(name: string, asked: Json, value: unknown): boolean {
  if (!isObject(value) || typeof value.lon !== 'number' || typeof value.lat !== 'number') return false;
  if (Math.abs(value.lon) > 180 || Math.abs(value.lat) > 90) return false;
  const point = { lon: value.lon, lat: value.lat };
  if (name === 'geo_radius')
    return isInArea(point, { kind: 'geoRadius', ...(asked as { center: typeof point; radius: number }) });
  if (name === 'geo_bounding_box') {
    const { top_left: topLeft, bottom_right: bottomRight } = asked as Record<string, typeof point>;
    assert(topLeft !== undefined && bottomRight !== undefined);
    return isInArea(point, { kind: 'geoBox', topLeft, bottomRight });
  }
  assert.equal(name, 'geo_polygon');
  const ring = (part: unknown): (typeof point)[] => (part as { points: (typeof point)[] }).points;
  const interiors = ((asked.interiors as unknown[] | undefined) ?? []).map(ring);
  return isInArea(point, { kind: 'geoPolygon', exterior: ring(asked.exterior), interiors });
}

function inRange(value: unknown, bounds: Json): boolean {
  const isOfDates = Object.values(bounds).some((bound) => typeof bound === 'string');
  if (!isOfDates) return (typeof value === 'number' || typeof value === 'bigint') && inBounds(value, bounds);
  const micros = typeof value === 'string' ? parseDatetime(value) : undefined;
  if (micros === undefined) return false;
  const dates = Object.entries(bounds).map(([name, bound]) => [name, parseDatetime(bound as string)]);
  return inBounds(micros, Object.fromEntries(dates));
}

function inBounds(value: number | bigint, bounds: Json): boolean {
  const { gt, gte, lt, lte } = bounds as Record<string, number | bigint | undefined>;
  const fails =
    (gt !== undefined && value <= gt) ||
    (gte !== undefined && value < gte) ||
    (lt !== undefined && value >= lt) ||
    (lte !== undefined && value > lte);
  return !fails;
}

/** The values at keys joined by dots, each with any number of `[]` or `[n]`. */
function at(payload: unknown, path: string): unknown[] {
  let found: unknown[] = [payload];
  for (const step of path.split('.').flatMap((part) => part.split(/(?=\[)/))) {
    found = found.flatMap((value) => {
      if (step === '[]') return Array.isArray(value) ? value : [];
      if (step.startsWith('[')) {
        const index = Number(step.slice(1, -1));
        return Array.isArray(value) && index < value.length ? [value[index]] : [];
      }
      return isObject(value) && Object.hasOwn(value, step) ? [value[step]] : [];
    });
  }
  return found;
}

function flat(found: unknown[]): unknown[] {
  return found.flatMap((value) => (Array.isArray(value) ? value : [value]));
}

function isEmpty(found: unknown[]): boolean {
  return found.every((value) => value === null || (Array.isArray(value) && value.length === 0));
}

function same(a: unknown, b: unknown): boolean {
  const isNumber = (value: unknown): boolean => typeof value === 'number' || typeof value === 'bigint';
  // biome-ignore lint/suspicious/noDoubleEquals: a number and a bigint of the same value are the same.
  return isNumber(a) && isNumber(b) ? a == b : a === b;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
