// What names a filter: a text that two filters share only when they mean the same, and the fields it asks for. Caches of
// matching rows go by it. The order of conditions within a clause does not matter.
import type { Condition, Filter } from './filter-ast.js';

export interface FilterKey {
  readonly text: string;
  /** Paths as written, each once, sorted. */
  readonly fields: readonly string[];
  /** It asks for ids. */
  readonly asksIds: boolean;
}

export function filterKey(filter: Filter): FilterKey {
  const fields = new Set<string>();
  const asked = { ids: false };
  const text = filterText(filter, '', fields, asked);
  return { text, fields: [...fields].sort(), asksIds: asked.ids };
}

function filterText(filter: Filter, within: string, fields: Set<string>, asked: { ids: boolean }): string {
  const clause = (conditions: readonly Condition[]): string =>
    conditions
      .map((condition) => conditionText(condition, within, fields, asked))
      .sort()
      .join(',');
  const { must, should, mustNot, minShould } = filter;
  const few = minShould === null ? '' : `${minShould.minCount}:${clause(minShould.conditions)}`;
  return `{${clause(must)}|${clause(should)}|${clause(mustNot)}|${few}}`;
}

function conditionText(condition: Condition, within: string, fields: Set<string>, asked: { ids: boolean }): string {
  if (condition.kind === 'filter') return filterText(condition.filter, within, fields, asked);
  if (condition.kind === 'field') {
    fields.add(within + condition.key);
    return `f${stable([condition.key, condition.condition])}`;
  }
  if (condition.kind === 'hasId') {
    asked.ids = true;
    return `i${stable([...condition.ids].map(String).sort())}`;
  }
  if (condition.kind === 'hasVector') return `v${stable(condition.name)}`;
  return `n${stable(condition.key)}${filterText(condition.filter, `${within}${condition.key}.`, fields, asked)}`;
}

/** JSON in which whole numbers past 2^53 stay exact and differ from strings. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? { $int: part.toString() } : part));
}
