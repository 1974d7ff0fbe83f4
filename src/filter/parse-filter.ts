// From the JSON of the filter language to a Filter: that of Qdrant's REST API (must, should, must_not, min_should;
// conditions on fields, ids, vectors, nested objects), with `match.prefix` besides. Anything that it does not know is
// refused with the path of the bad part; nothing is passed over in silence. Called by src/read/filters.ts.
import { VamanaError } from '../errors.js';
import { parsePointId } from '../meta/point-id.js';
import type { PointId } from '../payload/point.js';
import type { Condition, Filter } from './filter-ast.js';
import { isObject, JsonPart } from './json-part.js';
import { FIELD_MEMBERS, parseFieldMember, VALUES_MAX } from './parse-condition.js';

/** Filters within filters; deeper ones are refused. */
export const DEPTH_MAX = 16;
/** Conditions of a filter, those of filters within it included. */
export const CONDITIONS_MAX = 4096;

export interface ParseFilterOptions {
  /** As the collection has it: any string is an id. */
  stringIds?: boolean;
}

/** INVALID_ARGUMENT, naming the bad part, for what is no filter. */
export function parseFilter(input: unknown, options: ParseFilterOptions = {}): Filter {
  return new Parser(options).filter(new JsonPart(input, 'filter'), 1);
}

const CLAUSES = ['must', 'should', 'must_not', 'min_should'] as const;

class Parser {
  private conditions = 0;

  constructor(private readonly options: ParseFilterOptions) {}

  filter(part: JsonPart, depth: number): Filter {
    if (depth > DEPTH_MAX) {
      throw new VamanaError('INVALID_ARGUMENT', `${part.at}: filters nest at most ${DEPTH_MAX} deep`);
    }
    const { must, should, must_not, min_should } = part.members(CLAUSES);
    return {
      must: this.clause(must, depth),
      should: this.clause(should, depth),
      mustNot: this.clause(must_not, depth),
      minShould: min_should === undefined ? null : this.minShould(min_should, depth),
    };
  }

  private minShould(part: JsonPart, depth: number): Filter['minShould'] {
    const { conditions, min_count } = part.members(['conditions', 'min_count']);
    return {
      conditions: this.clause(part.member('conditions', conditions), depth),
      minCount: part.member('min_count', min_count).count(),
    };
  }

  /** One condition, or a list. */
  private clause(part: JsonPart | undefined, depth: number): Condition[] {
    if (part === undefined) return [];
    const parts = Array.isArray(part.value) ? part.elements('conditions', CONDITIONS_MAX) : [part];
    return parts.map((one) => this.condition(one, depth));
  }

  private condition(part: JsonPart, depth: number): Condition {
    this.conditions += 1;
    if (this.conditions > CONDITIONS_MAX) {
      throw new VamanaError('INVALID_ARGUMENT', `${part.at}: a filter has at most ${CONDITIONS_MAX} conditions`);
    }
    const { value } = part;
    if (!isObject(value)) throw part.wrong('a condition');
    if (value.key !== undefined) return this.field(part);
    if (value.is_empty !== undefined) return emptyOrNull(part, 'is_empty');
    if (value.is_null !== undefined) return emptyOrNull(part, 'is_null');
    if (value.has_id !== undefined) return this.hasId(part);
    if (value.has_vector !== undefined) {
      const { has_vector } = part.members(['has_vector']);
      return { kind: 'hasVector', name: part.member('has_vector', has_vector).string() };
    }
    if (value.nested !== undefined) return this.nested(part, depth);
    if (Object.keys(value).some((name) => !CLAUSES.includes(name as (typeof CLAUSES)[number]))) {
      throw part.wrong('a condition: one with key, is_empty, is_null, has_id, has_vector or nested, or a filter');
    }
    return { kind: 'filter', filter: this.filter(part, depth + 1) };
  }

  private field(part: JsonPart): Condition {
    const members = part.members(['key', ...FIELD_MEMBERS]);
    const keyPart = part.member('key', members.key);
    const [key, path] = [keyPart.string(), keyPart.path()];
    const all = FIELD_MEMBERS.flatMap((name): Condition[] => {
      const member = members[name];
      if (member === undefined) return [];
      const { condition, negate } = parseFieldMember(name, member);
      const found: Condition = { kind: 'field', key, path, condition };
      return [negate ? { kind: 'filter', filter: { ...NOTHING, mustNot: [found] } } : found];
    });
    const [only] = all;
    if (only === undefined) throw part.wrong(`beside key one of ${FIELD_MEMBERS.join(', ')}`);
    return all.length === 1 ? only : { kind: 'filter', filter: { ...NOTHING, must: all } };
  }

  private hasId(part: JsonPart): Condition {
    const { has_id } = part.members(['has_id']);
    const ids = part.member('has_id', has_id).elements('ids', VALUES_MAX);
    return { kind: 'hasId', ids: [...new Set(ids.map((id) => this.id(id)))] };
  }

  private id(part: JsonPart): PointId {
    try {
      return parsePointId(part.value, { strings: this.options.stringIds === true });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new VamanaError('INVALID_ARGUMENT', `${part.at}: ${reason}`, { cause });
    }
  }

  private nested(part: JsonPart, depth: number): Condition {
    const { nested } = part.members(['nested']);
    const inner = part.member('nested', nested);
    const { key, filter } = inner.members(['key', 'filter']);
    const keyPart = inner.member('key', key);
    const path = keyPart.path();
    const isOfElements = path.at(-1)?.kind === 'all';
    return {
      kind: 'nested',
      key: isOfElements ? keyPart.string() : `${keyPart.string()}[]`,
      path: isOfElements ? path : [...path, { kind: 'all' }],
      filter: this.filter(inner.member('filter', filter), depth + 1),
    };
  }
}

const NOTHING: Filter = { must: [], should: [], mustNot: [], minShould: null };

// { is_empty: { key } }; the form with a key beside it is a condition on a field.
function emptyOrNull(part: JsonPart, name: 'is_empty' | 'is_null'): Condition {
  const inner = part.member(name, part.members([name])[name]);
  const { key } = inner.members(['key']);
  const keyPart = inner.member('key', key);
  return {
    kind: 'field',
    key: keyPart.string(),
    path: keyPart.path(),
    condition: { kind: name === 'is_empty' ? 'isEmpty' : 'isNull' },
  };
}
