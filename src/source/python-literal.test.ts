import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePythonLiteral } from './python-literal.js';

describe('parsePythonLiteral', () => {
  it('reads what NumPy writes', () => {
    expect(parsePythonLiteral("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }   \n")).toEqual(
      new Map<string, unknown>([
        ['descr', '<f4'],
        ['fortran_order', false],
        ['shape', [3, 4]],
      ]),
    );
  });

  it.each<[string, unknown]>([
    ['()', []],
    ['(3,)', [3]],
    [
      "[('a', '<f4'), ('b', '|u1', (2,))]",
      [
        ['a', '<f4'],
        ['b', '|u1', [2]],
      ],
    ],
    ['( 12L , -3 )', [12, -3]],
    [
      '{"a": None, "b": True}',
      new Map<string, unknown>([
        ['a', null],
        ['b', true],
      ]),
    ],
    [String.raw`'it\'s \\'`, String.raw`it's \ `.trimEnd()],
    [' {  } ', new Map()],
  ])('reads %s', (text, value) => {
    expect(parsePythonLiteral(text)).toEqual(value);
  });

  it.each(['', '{', "{'a'}", "{'a': }", '{3: 4}', '(1 2)', "'open", 'constructor', '1 1', '(1', '1.5', '('.repeat(40)])(
    'refuses %j with the position',
    (text) => {
      expect(() => parsePythonLiteral(text)).toThrow(/unexpected .* at character \d+/);
    },
  );

  it('ends on any text, with a value or a SyntaxError', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '(',
      ')',
      '[',
      ']',
      ',',
      ':',
      "'",
      '"',
      '\\',
      'True',
      'None',
      '7',
      'L',
      ' ',
      'é',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        try {
          parsePythonLiteral(parts.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
    );
  });
});
