import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonPayload, jsonText } from '../../test/json-arbitrary.js';
import { parseSelection, selectPayload, type WithPayload } from './payload-selection.js';

const payload = {
  name: 'x',
  a: { b: { c: 1, d: 2 }, e: 3 },
  list: [{ x: 1, y: 2 }, { x: 3 }, 7],
  'with space': true,
};

describe('a selection', () => {
  it.each<[WithPayload, object]>([
    [true, payload],
    [false, {}],
    [[], {}],
    [['name'], { name: 'x' }],
    [['missing'], {}],
    [['a.b'], { a: { b: { c: 1, d: 2 } } }],
    [{ include: ['a.b.c', 'a.e'] }, { a: { b: { c: 1 }, e: 3 } }],
    [{ include: ['a.missing'] }, { a: {} }],
    [{ include: ['list[].x'] }, { list: [{ x: 1 }, { x: 3 }, 7] }],
    [{ include: ['list[1]'] }, { list: [{ x: 3 }] }],
    [{ include: ['list.x'] }, { list: [] }],
    [{ include: ['"with space"'] }, { 'with space': true }],
    [{ exclude: [] }, payload],
    [{ exclude: ['a', 'list', 'with-space'] }, { name: 'x', 'with space': true }],
    [{ exclude: ['a.b.c', 'list', '"with space"'] }, { name: 'x', a: { b: { d: 2 }, e: 3 } }],
    [{ exclude: ['name', 'a', 'list[].x', '"with space"'] }, { list: [{ y: 2 }, {}, 7] }],
    [{ exclude: ['name', 'a', 'list[]', '"with space"'] }, { list: [] }],
    [{ exclude: ['name', 'a', 'list[0]', '"with space"'] }, { list: [{ x: 3 }, 7] }],
  ])('%j', (selector, expected) => {
    const before = jsonText(payload);
    expect(selectPayload(payload, parseSelection(selector))).toEqual(expected);
    expect(jsonText(payload)).toBe(before);
  });

  it.each([null, 5, 'name', {}, { include: 'a' }, { include: [1] }, { include: [], exclude: [] }, ['a..b']])(
    'is not %j',
    (selector) => {
      expect(() => parseSelection(selector as WithPayload)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    },
  );

  it('of top-level keys splits a payload in two', () => {
    fc.assert(
      fc.property(jsonPayload(), fc.subarray(['a', 'b', 'c', '__proto__', '0']), (whole, keys) => {
        const paths = keys.map((key) => `"${key}"`);
        const shown = selectPayload(whole, parseSelection({ include: paths }));
        const rest = selectPayload(whole, parseSelection({ exclude: paths }));
        expect(Object.keys(shown).every((key) => (keys as string[]).includes(key))).toBe(true);
        expect(Object.keys(rest).some((key) => (keys as string[]).includes(key))).toBe(false);
        expect([...Object.keys(shown), ...Object.keys(rest)].sort()).toEqual(Object.keys(whole).sort());
      }),
    );
  });
});
