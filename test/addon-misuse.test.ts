// Misuse of the addon: every argument of every function with what it must not be, and every method of every
// handle while open, busy and closed. Whatever is passed, the answer is an error with a code that names the
// argument; functions that promise reject and never throw.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadNative, type NativeExactScan, type NativeIndex, type NativeSearchParams } from '../src/binding.js';
import { buildSmallIndex, SMALL_DIM, SMALL_ROWS, type SmallIndex, smallBuild } from './small-index.js';

const native = loadNative();
const OPEN = { io: 'auto', threads: 1, inFlight: 0, cacheBytes: 0, queueRequests: 16 } as const;
const PARAMS: NativeSearchParams = { k: 5, listSize: 32, rerank: 0, exact: false, approximate: false, costs: false };
const query = new Uint8Array(SMALL_DIM).fill(20);
const hostile = {
  get k(): number {
    throw new Error('boo');
  },
};

let small: SmallIndex;
beforeAll(async () => {
  small = await buildSmallIndex();
});
afterAll(() => small.remove());

type Call = (...values: unknown[]) => unknown;

/** Calls and returns what came of it: an error's code and message, or 'resolved'. Fails when a promise function throws. */
async function outcome(call: () => unknown): Promise<string> {
  const result = call();
  expect(result).toBeInstanceOf(Promise);
  return (result as Promise<unknown>).then(
    () => 'resolved',
    (error) => `${error.code}: ${error.message}`,
  );
}

/** `good` with each of its values replaced by each wrong one, one at a time. */
function* spoiled(good: readonly unknown[], wrong: Readonly<Record<number, readonly unknown[]>>) {
  for (const [at, values] of Object.entries(wrong)) {
    for (const value of values) yield { at: Number(at), value, values: good.with(Number(at), value) };
  }
}

const NOT_PATHS = [undefined, null, 5, '', 'a\0b', {}, [], Symbol('s'), 5n, () => 'dir'];
const NOT_OBJECTS = [undefined, null, 5, 'text', [], () => 0];
const NOT_COUNTS = [undefined, null, '1', 1.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 5n, {}, []];
const NOT_BYTES = [undefined, null, 5, 'bytes', [], {}, new ArrayBuffer(128), new Float32Array(32), new Int8Array(128)];
const NOT_CANCELS = [
  5,
  'cancel',
  {},
  new AbortController().signal,
  Object.create(Object.getPrototypeOf(native.createCancel())),
];
const NOT_FUNCTIONS = [5, 'text', {}, []];

describe('functions that promise', () => {
  const names = ['dir', 'threads', 'cancel', 'onProgress'];
  it.each([
    ...spoiled(['nowhere', 1, null, null], {
      0: NOT_PATHS,
      1: [...NOT_COUNTS, 0, 5000],
      2: NOT_CANCELS,
      3: NOT_FUNCTIONS,
    }),
  ])('verify refuses argument $at: $value', async ({ at, values }) => {
    expect(await outcome(() => (native.verify as Call)(...values))).toMatch(`INVALID_ARGUMENT: ${names[at]}: found `);
  });

  it.each(NOT_PATHS)('inspect, openIndex and doctor refuse the folder %s', async (dir) => {
    expect(await outcome(() => (native.inspect as Call)(dir))).toMatch('INVALID_ARGUMENT: dir: found ');
    expect(await outcome(() => (native.openIndex as Call)(dir, OPEN))).toMatch('INVALID_ARGUMENT: dir: found ');
    if (dir === undefined || dir === null) return; // doctor without a folder
    expect(await outcome(() => (native.doctor as Call)(dir))).toMatch('INVALID_ARGUMENT: probeDir: found ');
  });

  it.each(NOT_OBJECTS)('take no options from %s', async (options) => {
    for (const call of [native.planBuild, native.build] as Call[]) {
      expect(await outcome(() => call(options))).toMatch('INVALID_ARGUMENT: options: found ');
    }
    expect(await outcome(() => (native.openIndex as Call)(small.dir, options))).toMatch(
      'INVALID_ARGUMENT: options: found ',
    );
  });

  it.each(Object.keys(OPEN))('openIndex refuses options.%s of a wrong type', async (key) => {
    for (const value of [undefined, null, {}, '1', -1, 1.5]) {
      const options = { ...OPEN, [key]: value };
      expect(await outcome(() => (native.openIndex as Call)(small.dir, options))).toMatch(
        `INVALID_ARGUMENT: options.${key}: found `,
      );
    }
  });

  const build = smallBuild('nowhere/index');
  it.each(Object.keys(build))('build refuses options.%s of a wrong type', async (key) => {
    for (const value of [undefined, null, '', Number.NaN, -1, 0.5, 'ab', true]) {
      const options = { ...build, [key]: value };
      if (key === 'dir' && value === 'ab') continue; // a path
      for (const call of [native.planBuild, native.build] as Call[]) {
        expect(await outcome(() => call(options, null, null))).toMatch(`INVALID_ARGUMENT: options.${key}: found `);
      }
    }
  });

  it.each(Object.keys(build.source))('build refuses options.source.%s of a wrong type', async (key) => {
    for (const value of [undefined, null, '', Number.NaN, -1, 0.5]) {
      const options = { ...build, source: { ...build.source, [key]: value } };
      expect(await outcome(() => (native.planBuild as Call)(options))).toMatch(
        `INVALID_ARGUMENT: options.source.${key}: found `,
      );
    }
  });

  it('build refuses a wrong cancel and a wrong listener', async () => {
    for (const cancel of NOT_CANCELS) {
      expect(await outcome(() => (native.build as Call)(build, cancel, null))).toMatch(
        'INVALID_ARGUMENT: cancel: found ',
      );
    }
    for (const listener of NOT_FUNCTIONS) {
      expect(await outcome(() => (native.build as Call)(build, null, listener))).toMatch(
        'INVALID_ARGUMENT: onProgress: found ',
      );
    }
  });

  it('say what was found and what was expected', async () => {
    const plan = (change: object) => outcome(() => (native.planBuild as Call)({ ...build, ...change }));
    expect(await plan({ degree: 3.5 })).toBe(
      'INVALID_ARGUMENT: options.degree: found 3.5, expected a whole number from 1 to 126',
    );
    expect(await plan({ seed: 2 ** 60 })).toMatch(
      'found 1152921504606846976, expected a whole number from 0 to 9007199254740991',
    );
    expect(await plan({ metric: 'L2' })).toBe(
      'INVALID_ARGUMENT: options.metric: found the string "L2", expected one of "l2", "cosine", "dot", "l1"',
    );
    expect(await plan({ metric: `é${'ü'.repeat(80)}` })).toMatch(
      /found a string of 162 bytes that begins "éü{29}", expected/,
    );
    expect(await plan({ alpha: Number.POSITIVE_INFINITY })).toMatch(
      'options.alpha: found Infinity, expected a number from 1 to 100',
    );
    expect(await plan({ source: new Float32Array(4) })).toMatch('options.source.path: found undefined');
    expect(await plan({ dir: Promise.resolve('dir') })).toMatch('found a promise (is an await missing?)');
  });

  it('report a getter that throws', async () => {
    const options = { ...build };
    Object.defineProperty(options, 'alpha', {
      get: () => {
        throw new TypeError('no alpha today');
      },
    });
    expect(await outcome(() => native.planBuild(options))).toBe(
      'INVALID_ARGUMENT: reading options.alpha threw: no alpha today',
    );
    const proxy = new Proxy(
      {},
      {
        get: () => {
          throw 'a string';
        },
      },
    );
    expect(await outcome(() => (native.planBuild as Call)(proxy))).toMatch(
      'INVALID_ARGUMENT: reading options.source threw: a string',
    );
  });
});

describe('createExactScan', () => {
  const good = ['l2', 'u8', SMALL_DIM, query, 1, 5, 1];
  const wrong = {
    0: [undefined, 'L2', 5, {}],
    1: [undefined, 'f64', 5, {}],
    2: [...NOT_COUNTS, 0, 65537],
    3: NOT_BYTES,
    4: [...NOT_COUNTS, 0],
    5: [...NOT_COUNTS, 0, 10001],
    6: [...NOT_COUNTS, 0, 5000],
  };
  const names = ['metric', 'element', 'dim', 'queries', 'count', 'k', 'threads'];
  it.each([...spoiled(good, wrong)])('refuses argument $at: $value', ({ at, values }) => {
    expect(() => (native.createExactScan as Call)(...values)).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(`${names[at]}: found `) }),
    );
  });

  it('refuses queries whose bytes do not fit their count', () => {
    expect(() => native.createExactScan('l2', 'f16', SMALL_DIM, query, 1, 5, 1)).toThrowError(
      'queries: found 128 bytes, expected 1 x 256 (count x bytes of a vector)',
    );
  });
});

// Every method x {open, busy, closed}: what each does, in one table.
describe('NativeIndex', () => {
  const slow = { ...PARAMS, exact: true };
  const many = 4000;
  let index: NativeIndex;

  const methods: Record<string, () => unknown> = {
    search: () => index.search(query, 1, PARAMS, null),
    distancesToRows: () => index.distancesToRows(query, Uint32Array.of(3)),
    stats: () => index.stats(),
    close: () => index.close(),
  };

  async function result(call: () => unknown): Promise<string> {
    try {
      await call();
      return 'ok';
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  it.each([
    ['search', 'ok', 'ok', 'CLOSED'],
    ['distancesToRows', 'ok', 'ok', 'CLOSED'],
    ['stats', 'ok', 'ok', 'CLOSED'],
    ['close', 'ok', 'ok', 'ok'],
  ])('%s: open %s, busy %s, closed %s', async (name, open, busy, closed) => {
    const call = methods[name] as () => unknown;
    index = await native.openIndex(small.dir, OPEN);
    expect(await result(call)).toBe(open);
    await index.close();
    expect(await result(call)).toBe(closed);

    index = await native.openIndex(small.dir, OPEN);
    const flying = index.search(new Uint8Array(many * SMALL_DIM), many, slow, null).catch((error) => error.code);
    expect(await result(call)).toBe(busy);
    await index.close();
    expect(['CLOSED', 'object']).toContain(typeof (await flying) === 'object' ? 'object' : await flying);
  });

  it('keeps info readable after close', async () => {
    index = await native.openIndex(small.dir, OPEN);
    await index.close();
    expect(index.info).toMatchObject({ rows: SMALL_ROWS, dim: SMALL_DIM, element: 'u8', metric: 'l2', code: 'pq4x8' });
    expect(index.info).toEqual(await native.inspect(small.dir));
    expect(Object.isFrozen(index.info)).toBe(true);
  });

  it('closes once however often it is told to', async () => {
    index = await native.openIndex(small.dir, OPEN);
    const flying = index.search(new Uint8Array(many * SMALL_DIM), many, slow, null).catch((error) => error.code);
    let settled = false;
    flying.then(() => {
      settled = true;
    });
    const closes = await Promise.all([index.close(), index.close(), index.close()]);
    expect(closes).toEqual([undefined, undefined, undefined]);
    expect(settled).toBe(true);
    await index.close();
  });

  it('rejects new calls from the moment that close() was called', async () => {
    index = await native.openIndex(small.dir, OPEN);
    const closing = index.close();
    expect(await result(() => index.search(query, 1, PARAMS, null))).toBe('CLOSED');
    await closing;
  });

  const names = ['queries', 'count', 'options', 'cancel'];
  it.each([
    ...spoiled([query, 1, PARAMS, null], {
      0: NOT_BYTES,
      1: [...NOT_COUNTS, 0, 2 ** 32],
      2: NOT_OBJECTS,
      3: NOT_CANCELS,
    }),
  ])('search refuses argument $at: $value', async ({ at, values }) => {
    index = await native.openIndex(small.dir, OPEN);
    expect(await outcome(() => (index.search as Call).apply(index, values))).toMatch(
      `INVALID_ARGUMENT: ${names[at]}: found `,
    );
    await index.close();
  });

  it('search refuses fields of a wrong type, sizes that do not fit, and results beyond all measure', async () => {
    index = await native.openIndex(small.dir, OPEN);
    const search = (queries: Uint8Array, count: number, change: object) =>
      outcome(() => index.search(queries, count, { ...PARAMS, ...change }, null));
    for (const key of ['k', 'listSize', 'rerank', 'exact', 'approximate', 'costs']) {
      for (const value of [undefined, null, '5', -1, 1.5, 1e9]) {
        expect(await search(query, 1, { [key]: value })).toMatch(`INVALID_ARGUMENT: options.${key}: found `);
      }
    }
    expect(await search(query, 2, {})).toBe(
      'INVALID_ARGUMENT: queries: found 128 bytes, expected 2 x 128 x 1 = 256 (count x dimension x bytes of u8)',
    );
    expect(await search(new Uint8Array(30_000 * SMALL_DIM), 30_000, { k: 10_000 })).toMatch(
      'INVALID_ARGUMENT: count: found 30000 queries of k 10000',
    );
    expect(await outcome(() => index.search(query, 1, hostile as never, null))).toBe(
      'INVALID_ARGUMENT: reading options.k threw: boo',
    );
    await index.close();
  });

  it('distancesToRows refuses wrong types and lengths', async () => {
    index = await native.openIndex(small.dir, OPEN);
    const distances = (...values: unknown[]) => outcome(() => (index.distancesToRows as Call).apply(index, values));
    for (const queries of NOT_BYTES)
      expect(await distances(queries, Uint32Array.of(1))).toMatch('INVALID_ARGUMENT: queries: found ');
    for (const rows of [undefined, 5, [1], new Int32Array(1)])
      expect(await distances(query, rows)).toMatch('INVALID_ARGUMENT: rows: found ');
    expect(await distances(query, new Uint32Array(2))).toMatch(
      'INVALID_ARGUMENT: queries: found 128 bytes, expected 2 x 128',
    );
    expect(await distances(new Uint8Array(), new Uint32Array())).toBe('resolved');
    await index.close();
  });

  it('cannot be made, nor its methods used on something else', async () => {
    index = await native.openIndex(small.dir, OPEN);
    const Handle = index.constructor as new () => NativeIndex;
    const made = new Handle();
    expect(() => made.stats()).toThrowError(expect.objectContaining({ code: 'CLOSED' }));
    expect(await outcome(() => made.search(query, 1, PARAMS, null))).toMatch('CLOSED');
    expect(await outcome(() => made.close())).toBe('resolved');
    expect(() => (index.search as Call).call({})).toThrowError(TypeError);
    expect(() => (index.search as Call).call(native.createCancel())).toThrowError(TypeError);
    expect(() => (Handle as unknown as Call)()).toThrowError(TypeError);
    await index.close();
  });
});

describe('NativeExactScan', () => {
  let scan: NativeExactScan;
  const open = (queries = 1) =>
    native.createExactScan('l2', 'u8', SMALL_DIM, new Uint8Array(queries * SMALL_DIM), queries, 2, 1);
  const vectors = new Uint8Array(3 * SMALL_DIM);

  it('answers BUSY while an add is in flight, CLOSED afterwards', async () => {
    scan = open(1000);
    const flying = scan.add(new Uint8Array(1000 * SMALL_DIM), 1000, 0);
    expect(await outcome(() => scan.add(vectors, 3, 0))).toMatch('BUSY: an add() of this exact scan is in flight');
    expect(() => scan.result()).toThrowError(expect.objectContaining({ code: 'BUSY' }));
    await flying;
    await scan.add(vectors, 3, 1000);
    expect(scan.result().rows).toHaveLength(2000);
    scan.close();
    scan.close();
    expect(await outcome(() => scan.add(vectors, 3, 0))).toBe('CLOSED: the exact scan was closed');
    expect(() => scan.result()).toThrowError(expect.objectContaining({ code: 'CLOSED' }));
  });

  it('closes while busy, and its add rejects', async () => {
    scan = open(4000);
    const flying = outcome(() => scan.add(new Uint8Array(40_000 * SMALL_DIM), 40_000, 0));
    scan.close();
    expect(await flying).toBe('CLOSED: the exact scan was closed');
  });

  const names = ['vectors', 'rows', 'firstRow'];
  it.each([...spoiled([vectors, 3, 0], { 0: NOT_BYTES, 1: NOT_COUNTS, 2: [...NOT_COUNTS, 2 ** 32 - 1] })])(
    'add refuses argument $at: $value',
    async ({ at, values }) => {
      scan = open();
      expect(await outcome(() => (scan.add as Call).apply(scan, values))).toMatch(
        `INVALID_ARGUMENT: ${names[at]}: found `,
      );
      scan.close();
    },
  );

  it('add refuses bytes that do not fit, and rows that have no number', async () => {
    scan = open();
    expect(await outcome(() => scan.add(vectors, 2, 0))).toMatch('vectors: found 384 bytes, expected 2 x 128');
    expect(await outcome(() => scan.add(vectors, 3, 2 ** 32 - 3))).toMatch('firstRow: found 4294967293 with 3 rows');
    await scan.add(new Uint8Array(), 0, 0);
    expect(scan.result()).toEqual({
      rows: Uint32Array.of(native.constants.noRow, native.constants.noRow),
      distances: Float32Array.of(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
    });
    scan.close();
  });

  it('cannot be made', () => {
    scan = open();
    const Handle = scan.constructor as new () => NativeExactScan;
    expect(() => new Handle().result()).toThrowError(expect.objectContaining({ code: 'CLOSED' }));
    scan.close();
  });
});

describe('NativeCancel', () => {
  it('may be raised any number of times, and serves only as itself', () => {
    const cancel = native.createCancel();
    cancel.cancel();
    cancel.cancel();
    expect(() => (cancel.cancel as Call).call({})).toThrowError(TypeError);
  });
});
