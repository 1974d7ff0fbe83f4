import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonPayload, jsonText } from '../../test/json-arbitrary.js';
import { deleteAtPath, getAtPath, mergeAtPath, mergePayload, parsePath } from './payload-path.js';
import type { Payload } from './point.js';

const sample = (): Payload => ({
  a: { b: 1, 'c.d': 2 },
  list: [{ x: 1 }, { x: 2 }, { y: 3 }],
  deep: [[1, 2], [3]],
  n: null,
});

const own = JSON.parse('{"__proto__": 5}') as Payload;

describe('a path', () => {
  it('is parsed step by step', () => {
    expect(parsePath('foo[1][50].bar-baz[]."qux[.]quux"')).toEqual([
      { kind: 'key', key: 'foo' },
      { kind: 'index', index: 1 },
      { kind: 'index', index: 50 },
      { kind: 'key', key: 'bar-baz' },
      { kind: 'all' },
      { kind: 'key', key: 'qux[.]quux' },
    ]);
    expect(parsePath('größe_1')).toEqual([{ kind: 'key', key: 'größe_1' }]);
    expect(parsePath('""')).toEqual([{ kind: 'key', key: '' }]);
    expect(parsePath('a.0')).toEqual([
      { kind: 'key', key: 'a' },
      { kind: 'key', key: '0' },
    ]);
  });

  it.each(['', '.', 'a.', '.a', 'a..b', '[0]', 'a.[0]', 'a[', 'a[x]', 'a[-1]', 'a b', '"a', 'a"b"', 'a[0]b', 'a\\'])(
    'is not %j',
    (text) => {
      expect(() => parsePath(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    },
  );
});

describe('reading at a path', () => {
  it.each([
    ['a.b', [1]],
    ['a."c.d"', [2]],
    ['a.missing', []],
    ['a.b.c', []],
    ['list[].x', [1, 2]],
    ['list[1]', [{ x: 2 }]],
    ['list[9]', []],
    ['list.x', []],
    ['deep[][]', [1, 2, 3]],
    ['deep[0][1]', [2]],
    ['n', [null]],
    ['constructor', []],
    ['a.toString', []],
  ])('%s', (path, values) => {
    expect(getAtPath(sample(), parsePath(path))).toEqual(values);
  });

  it('sees members that objects have by themselves, and only those', () => {
    expect(getAtPath({}, parsePath('__proto__'))).toEqual([]);
    expect(getAtPath(own, parsePath('__proto__'))).toEqual([5]);
  });
});

describe('merging', () => {
  it('replaces members, and removes those that are null', () => {
    const target: Payload = { a: { x: 1 }, b: 2, c: 3 };
    mergePayload(target, { a: { y: 1 }, b: null, d: 4 });
    expect(target).toEqual({ a: { y: 1 }, c: 3, d: 4 });
  });

  it.each([
    ['a', { a: { b: 1, 'c.d': 2, v: 9 } }],
    ['a.b', { a: { b: { v: 9 }, 'c.d': 2 } }],
    ['made.on.the.way', { made: { on: { the: { way: { v: 9 } } } } }],
    ['list[1]', { list: [{ x: 1 }, { x: 2, v: 9 }, { y: 3 }] }],
    ['list[].x', { list: [{ x: { v: 9 } }, { x: { v: 9 } }, { y: 3, x: { v: 9 } }] }],
    ['list[7]', {}],
    ['none[]', { none: [] }],
    ['none[0].x', { none: [] }],
    ['a[].x', { a: [] }],
    ['n', { n: { v: 9 } }],
    ['list', { list: { v: 9 } }],
  ])('at %s', (path, change) => {
    const payload = sample();
    mergeAtPath(payload, parsePath(path), { v: 9 });
    expect(payload).toEqual({ ...sample(), ...change });
  });

  it('changes no prototype', () => {
    const payload: Payload = {};
    mergeAtPath(payload, parsePath('__proto__.polluted'), { v: 1 });
    mergePayload(payload, own);
    expect(Object.getPrototypeOf(payload)).toBe(Object.prototype);
    expect(jsonText(payload)).toBe('{"__proto__":5}');
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('deleting', () => {
  it.each([
    ['a.b', { a: { 'c.d': 2 } }],
    ['a."c.d"', { a: { b: 1 } }],
    ['list[].x', { list: [{}, {}, { y: 3 }] }],
    ['list[0].x', { list: [{}, { x: 2 }, { y: 3 }] }],
    ['list[]', { list: [] }],
    ['deep[][]', { deep: [[], []] }],
    ['list[0]', {}],
    ['missing.x', {}],
    ['a.b.c', {}],
  ])('%s', (path, change) => {
    const payload = sample();
    deleteAtPath(payload, parsePath(path));
    expect(payload).toEqual({ ...sample(), ...change });
  });

  it('twice is the same as once, and leaves nothing at the path', () => {
    const path = fc.constantFrom('a', 'a.b', 'a[]', 'a[].b', '"".a', 'b.c.d', 'a[][]').map(parsePath);
    fc.assert(
      fc.property(jsonPayload(), path, (payload, steps) => {
        deleteAtPath(payload, steps);
        expect(getAtPath(payload, steps)).toEqual([]);
        const once = jsonText(payload);
        deleteAtPath(payload, steps);
        expect(jsonText(payload)).toBe(once);
      }),
    );
  });
});
