// For tests of whatever stores payloads: JSON as it may come from anywhere, with what trips encoders up (keys that
// objects inherit, -0, integers past 2^53 and past 2^64, empty containers, keys that look like indexes).
import fc from 'fast-check';
import type { Payload } from '../src/payload/point.js';

const text = fc.string({ unit: 'grapheme', maxLength: 12 });

const key = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'c', 'd') },
  { weight: 2, arbitrary: text },
  fc.constantFrom('__proto__', 'constructor', 'toString', 'toJSON', 'hasOwnProperty', 'length', '', '0', '17', 'z'),
);

const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 127, 128, 255, 65_536, 2 ** 31, 2 ** 32, -(2 ** 31) - 1, 2 ** 53 - 1, 2 ** 60, 1e300, 5e-324),
);

const bigInteger = fc.oneof(
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }),
  fc.bigInt({ min: -(2n ** 70n), max: -(2n ** 53n) }),
  fc.constantFrom(2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 63n), -(2n ** 63n) - 1n),
);

export function jsonValue(): fc.Arbitrary<unknown> {
  return fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      fc.oneof(fc.constant(null), fc.boolean(), number, bigInteger, text),
      fc.array(tie('value'), { maxLength: 5 }),
      objectOf(tie('value')),
    ),
  })).value;
}

export function jsonPayload(): fc.Arbitrary<Payload> {
  return objectOf(jsonValue());
}

// Members are defined, not assigned, so that "__proto__" is one like any other.
function objectOf(value: fc.Arbitrary<unknown>): fc.Arbitrary<Payload> {
  return fc.array(fc.tuple(key, value), { maxLength: 5 }).map((members) => {
    const object: Payload = {};
    for (const [name, member] of members) {
      Object.defineProperty(object, name, { value: member, writable: true, enumerable: true, configurable: true });
    }
    return object;
  });
}

/** A text that two values share iff they are the same JSON: order of keys, -0 and bigints included. */
export function jsonText(value: unknown): string {
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(jsonText).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`);
  return `{${members.join()}}`;
}
