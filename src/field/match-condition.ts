// Whether what stands at a field fits a condition: compiled once, asked for many payloads. This is what conditions mean;
// indexes must give the same answers. Called by src/filter/match-filter.ts, and by indexes for what they look at value by
// value.
import { parseDatetime } from './datetime.js';
import type { Bounds, FieldCondition, MatchValue } from './field-condition.js';
import { TEXT_DEFAULTS, type TextOptions } from './field-schema.js';
import { type FieldValues, matchValueOf } from './field-values.js';
import { geoPointOf, isInArea } from './geo.js';
import { hasPhrase, isToken, tokenize } from './tokenize.js';

export type FieldMatcher = (field: FieldValues) => boolean;

/** `text`: how the field's index makes tokens of strings; the defaults where it has none. */
export function compileCondition(condition: FieldCondition, text: TextOptions = TEXT_DEFAULTS): FieldMatcher {
  switch (condition.kind) {
    case 'match': {
      const wanted = new Set(condition.values);
      return anyValue((value) => isIn(wanted, value));
    }
    case 'except': {
      const unwanted = new Set(condition.values);
      return anyValue((value) => {
        const matched = matchValueOf(value);
        return matched !== undefined && !unwanted.has(matched);
      });
    }
    case 'text': {
      const tokens = tokenize(condition.text, text);
      return anyWords(text, (words) => tokens.length > 0 && tokens.every((token) => hasToken(words, token, text)));
    }
    case 'textAny': {
      const tokens = tokenize(condition.text, text);
      return anyWords(text, (words) => tokens.some((token) => hasToken(words, token, text)));
    }
    case 'phrase': {
      const tokens = tokenize(condition.text, text);
      return anyWords(text, (words) => hasPhrase(words, tokens, text));
    }
    case 'prefix':
      return anyValue((value) => typeof value === 'string' && value.startsWith(condition.prefix));
    case 'range': {
      const { bounds } = condition;
      return anyValue((value) => (typeof value === 'number' || typeof value === 'bigint') && isWithin(value, bounds));
    }
    case 'datetimeRange': {
      const { bounds } = condition;
      return anyValue((value) => {
        const micros = typeof value === 'string' ? parseDatetime(value) : undefined;
        return micros !== undefined && isWithin(micros, bounds);
      });
    }
    case 'valuesCount':
      return ({ values }) => isWithin(values.length, condition.bounds);
    case 'isEmpty':
      return ({ isEmpty }) => isEmpty;
    case 'isNull':
      return anyValue((value) => value === null);
    default:
      return anyValue((value) => {
        const point = geoPointOf(value);
        return point !== undefined && isInArea(point, condition);
      });
  }
}

function anyValue(holds: (value: unknown) => boolean): FieldMatcher {
  return ({ values }) => values.some(holds);
}

function anyWords(text: TextOptions, holds: (words: readonly string[]) => boolean): FieldMatcher {
  return anyValue((value) => typeof value === 'string' && holds(tokenize(value, text)));
}

function hasToken(words: readonly string[], token: string, text: TextOptions): boolean {
  return words.some((word) => isToken(word, token, text));
}

function isIn(wanted: ReadonlySet<MatchValue>, value: unknown): boolean {
  const matched = matchValueOf(value);
  return matched !== undefined && wanted.has(matched);
}

export function isWithin(value: number | bigint, { gt, gte, lt, lte }: Bounds): boolean {
  if (gt !== undefined && !(value > gt)) return false;
  if (gte !== undefined && !(value >= gte)) return false;
  if (lt !== undefined && !(value < lt)) return false;
  return lte === undefined || value <= lte;
}
