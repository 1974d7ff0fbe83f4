import { describe, expect, it } from 'vitest';
import { TopFacets } from './top-facets.js';

describe('the values of most rows', () => {
  it('are those of all, most first and then by value, each once', () => {
    const all = Array.from({ length: 20_000 }, (_, at) => ({ value: (at * 7919) % 20_000, count: at % 50 }));
    const top = new TopFacets(30);
    for (const hit of [...all, ...all.slice(0, 100)]) top.add(hit);
    const expected = [...all].sort((a, b) => b.count - a.count || a.value - b.value).slice(0, 30);
    expect(top.sorted()).toEqual(expected);
  });
});
