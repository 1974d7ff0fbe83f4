// Whether a point matches a filter, by its id and payload alone: compiled once, asked for many points. The reference that
// sets of rows made from indexes must equal, and what decides where there is no index.
import { type FieldSchema, TEXT_DEFAULTS, type TextOptions } from '../field/field-schema.js';
import { fieldValues } from '../field/field-values.js';
import type { Payload, PointId } from '../payload/point.js';
import { getAtPath } from '../payload/payload-path.js';
import type { Condition, Filter } from './filter-ast.js';
import { isObject } from './json-part.js';
import { compileCondition } from '../field/match-condition.js';

export interface MatchedPoint {
  readonly id: PointId;
  readonly payload: Payload | null;
  /** Whether it has a vector of that name; without it, the unnamed one alone. */
  readonly hasVector?: (name: string) => boolean;
}

export type Matcher = (point: MatchedPoint) => boolean;

/** The schema of a field's index, for how text is made into tokens; undefined where there is none. */
export type SchemaOf = (key: string) => FieldSchema | undefined;

export function compileMatcher(filter: Filter, schemaOf: SchemaOf = () => undefined): Matcher {
  const must = filter.must.map((condition) => compile(condition, schemaOf));
  const should = filter.should.map((condition) => compile(condition, schemaOf));
  const mustNot = filter.mustNot.map((condition) => compile(condition, schemaOf));
  const few = filter.minShould?.conditions.map((condition) => compile(condition, schemaOf)) ?? [];
  const minCount = filter.minShould?.minCount ?? 0;
  return (point) =>
    must.every((matches) => matches(point)) &&
    (should.length === 0 || should.some((matches) => matches(point))) &&
    !mustNot.some((matches) => matches(point)) &&
    hasAtLeast(few, minCount, point);
}

function compile(condition: Condition, schemaOf: SchemaOf): Matcher {
  switch (condition.kind) {
    case 'filter':
      return compileMatcher(condition.filter, schemaOf);
    case 'field': {
      const { path } = condition;
      const matches = compileCondition(condition.condition, textOptions(schemaOf(condition.key)));
      return ({ payload }) => matches(fieldValues(payload, path));
    }
    case 'hasId': {
      const ids = new Set(condition.ids);
      return ({ id }) => ids.has(id);
    }
    case 'hasVector':
      return ({ hasVector }) => hasVector?.(condition.name) ?? condition.name === '';
    case 'nested': {
      // Keys within are of the object, so an index of the same text is another field's.
      const matches = compileMatcher(condition.filter, (key) => schemaOf(`${condition.key}.${key}`));
      const { path } = condition;
      return ({ id, payload }) =>
        payload !== null &&
        getAtPath(payload, path).some((element) => isObject(element) && matches({ id, payload: element }));
    }
  }
}

/** Whether a filter asks which vectors a point has. */
export function asksForVectors({ must, should, mustNot, minShould }: Filter): boolean {
  return [...must, ...should, ...mustNot, ...(minShould?.conditions ?? [])].some(
    (condition) =>
      condition.kind === 'hasVector' ||
      ((condition.kind === 'filter' || condition.kind === 'nested') && asksForVectors(condition.filter)),
  );
}

function textOptions(schema: FieldSchema | undefined): TextOptions {
  return schema?.text ?? TEXT_DEFAULTS;
}

function hasAtLeast(matchers: readonly Matcher[], count: number, point: Parameters<Matcher>[0]): boolean {
  let found = 0;
  for (const matches of matchers) {
    if (found >= count) return true;
    if (matches(point)) found += 1;
  }
  return found >= count;
}
