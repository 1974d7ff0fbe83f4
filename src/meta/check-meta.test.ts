import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/vector-files.js';
import { encodePayload } from '../payload/payload-codec.js';
import { checkMeta, type MetaProblem } from './check-meta.js';
import { encodeIdKey } from './id-key.js';
import { type MetaStore, openMetaStore } from './meta-store.js';
import { encodeRecord, encodeRow, encodeState, type MetaTables, openTables, STATE_KEY } from './meta-tables.js';

const folder = temporaryFolder();
const options = { reserveBytes: 0, mapBytes: 2 ** 24 };
let folders = 0;

// Points 0 to 1199 in rows 1 to 1200, and row 0 dead: more than one page of the check.
async function soundStore(): Promise<MetaStore> {
  const store = openMetaStore(folder.file(`store-${folders++}`), options);
  const payload = encodePayload({ a: 1 });
  const ops = Array.from({ length: 1200 }, (_, i) => ({
    kind: 'put' as const,
    id: BigInt(i),
    row: i + 1,
    dead: null,
    payload,
  }));
  await store.apply([{ seq: 1, ops: [{ kind: 'put', id: 0n, row: 0, dead: null, payload }] }]);
  await store.apply([{ seq: 2, ops: [{ ...(ops[0] as (typeof ops)[0]), dead: 0 } as never, ...ops.slice(1)] }]);
  return store;
}

async function problemsAfter(damage: (tables: MetaTables) => void): Promise<MetaProblem[]> {
  const store = await soundStore();
  await store.close();
  const tables = openTables(store.path, options.mapBytes);
  await tables.environment.batch(() => damage(tables));
  await tables.environment.close();
  const damaged = openMetaStore(store.path, options);
  const snapshot = damaged.snapshot();
  const problems: MetaProblem[] = [];
  for await (const problem of checkMeta(snapshot)) problems.push(problem);
  await damaged.close();
  return problems;
}

const id = (value: bigint): Buffer => encodeIdKey(value);
const sound = { appliedSeq: 2, nextRow: 1201, points: 1200, hasFields: false };

describe('checking metadata', () => {
  it('finds nothing in what is sound', async () => {
    expect(await problemsAfter(() => undefined)).toEqual([]);
  });

  it.each<[string, (tables: MetaTables) => void, [string, RegExp][]]>([
    [
      'an id whose row is gone',
      ({ rows }) => rows.remove(7),
      [
        ['ID_WITHOUT_ROW', /point 6: row 7 holds no point/],
        ['WRONG_COUNT', /1200 ids and 1199 rows hold points; the count says 1200/],
      ],
    ],
    [
      'a row whose id is gone',
      ({ points }) => points.remove(id(900n)),
      [
        ['ROW_WITHOUT_ID', /row 901: holds point 900, whose row is none/],
        ['WRONG_COUNT', /1199 ids/],
      ],
    ],
    [
      'an id that names the row of another',
      ({ points }) => points.put(id(5n), encodeRow(10)),
      [
        ['ID_OF_OTHER_ROW', /point 5: row 10 holds point 9/],
        ['ROW_WITHOUT_ID', /row 6: holds point 5, whose row is 10/],
      ],
    ],
    [
      'a dead row that lives',
      ({ dead }) => dead.put(0, Uint8Array.of(0, 0, 9, 0)),
      [['DEAD_ROW_LIVES', /row 9: holds point 8/]],
    ],
    [
      'rows that were never assigned',
      ({ state, dead }) => {
        state.put(STATE_KEY, encodeState({ ...sound, nextRow: 1200 }));
        dead.put(1, Uint8Array.of(3, 0));
      },
      [
        ['ROW_BEYOND_NEXT', /^row 1200: rows below 1200/],
        ['ROW_BEYOND_NEXT', /^dead row 65539/],
      ],
    ],
    [
      'a change by a record that is not applied',
      ({ rows }) => rows.put(3, encodeRecord(id(2n), 3, null)),
      [['SEQ_BEYOND_APPLIED', /row 3: changed by record 3; 2 is the last/]],
    ],
    [
      'a payload that is none',
      ({ rows }) => rows.put(3, encodeRecord(id(2n), 1, Uint8Array.of(0x81))),
      [['BAD_PAYLOAD', /row 3, point 2: payload of 1 bytes/]],
    ],
    [
      'a wrong count',
      ({ state }) => state.put(STATE_KEY, encodeState({ ...sound, points: 7 })),
      [['WRONG_COUNT', /the count says 7/]],
    ],
    [
      'a record that cannot be read',
      ({ rows }) => rows.put(3, Uint8Array.of(1, 2)),
      [['UNREADABLE', /table rows: .*row 3 has 2 bytes/]],
    ],
    [
      'an id that cannot be read, and what lies in other tables',
      ({ points, dead }) => {
        points.put(Uint8Array.of(1, 9), encodeRow(1));
        dead.put(0, Uint8Array.of(9));
      },
      [
        ['UNREADABLE', /table points: found the id key 0109/],
        ['UNREADABLE', /table rows: .*dead rows of chunk 0: found 1 bytes/],
        ['UNREADABLE', /table dead: .*chunk 0/],
      ],
    ],
  ])('finds %s', async (_, damage, expected) => {
    const problems = await problemsAfter(damage);
    expect(problems.map(({ code }) => code)).toEqual(expected.map(([code]) => code));
    for (const [at, [, message]] of expected.entries()) expect(problems[at]?.message).toMatch(message);
  });

  it('stops when it is told to, and when its snapshot is released', async () => {
    const store = await soundStore();
    const snapshot = store.snapshot();
    const aborted = checkMeta(snapshot, AbortSignal.abort());
    await expect(aborted.next()).rejects.toMatchObject({ code: 'ABORTED' });
    snapshot.release();
    await expect(checkMeta(snapshot).next()).rejects.toMatchObject({ code: 'CLOSED' });
    await store.close();
  });
});
