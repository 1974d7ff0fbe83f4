import { describe, expect, it } from 'vitest';
import { sampleManifest as sample } from '../../test/sample-manifest.js';
import { checkManifest, manifestProblem } from './manifest.js';
import { applyEdit } from './manifest-edit.js';

describe('checkManifest', () => {
  const segment = sample.segments[0];
  const third = { ...segment, number: 3, uuid: '00112233-4455-4677-8899-000000000003' };
  const times = { retiredAt: sample.createdAt, deleteAfter: '2025-01-01T01:00:00.000Z' };
  const retired = { replacedBy: 2, ...times, segments: [third] };
  const twice = { ...retired, segments: [{ ...third, number: 2 }] };
  it('takes a whole manifest', () => {
    expect(manifestProblem(sample)).toBeNull();
    expect(manifestProblem({ ...sample, flushedSeq: 0, nextSegmentNumber: 1, segments: [] })).toBeNull();
    expect(manifestProblem({ ...sample, formatVersion: 2, nextSegmentNumber: 4, retired: [retired] })).toBeNull();
  });

  const bad: [string, object][] = [
    ['formatVersion', { formatVersion: 3 }],
    ['unknown field retired', { retired: [] }],
    ['retired: found undefined', { formatVersion: 2 }],
    ['retired: found an array', { formatVersion: 2, retired: [] }],
    ['retired[0]: replacedBy', { formatVersion: 2, retired: [{ ...retired, replacedBy: 0 }] }],
    ['retired[0]: deleteAfter', { formatVersion: 2, retired: [{ ...retired, deleteAfter: 'soon' }] }],
    ['retired[0].segments[0]: the uuid', { formatVersion: 2, retired: [{ ...retired, segments: [segment] }] }],
    ['retired[0].segments[0]: the number 2 stands twice', { formatVersion: 2, retired: [twice] }],
    ['nextSegmentNumber 3 is not above segment 3', { formatVersion: 2, retired: [retired], nextSegmentNumber: 3 }],
    ['version', { version: 0 }],
    ['version', { version: 1.5 }],
    ['uuid', { uuid: sample.uuid.toUpperCase() }],
    ['createdAt', { createdAt: '2025-01-01' }],
    ['createdAt', { createdAt: '2025-02-31T00:00:00.000Z' }],
    ['config', { config: null }],
    ['config', { config: [] }],
    ['flushedSeq', { flushedSeq: -1 }],
    ['flushedSeq', { flushedSeq: 2 ** 53 }],
    ['nextSegmentNumber 2 is not above segment 2', { nextSegmentNumber: 2 }],
    ['segments', { segments: {} }],
    ['segments[0]', { segments: [null] }],
    ['unknown field extra', { extra: 1 }],
    ['segments[0]: unknown field extra', { segments: [{ ...segment, extra: 1 }] }],
    ['segments[0]: rows', { segments: [{ ...segment, rows: 0 }] }],
    ['segments[0]: 101 rows do not fit', { segments: [{ ...segment, rows: 101 }] }],
    ['segments[0]: its last row', { segments: [{ ...segment, firstRow: 100 }] }],
    ['segments[0]: lastRow', { segments: [{ ...segment, lastRow: 2 ** 32 - 1 }] }],
    ['segments[0]: bytes', { segments: [{ ...segment, bytes: '1' }] }],
    ['segments[0]: level', { segments: [{ ...segment, level: -1 }] }],
    ['segments[1]: number 1, expected one above 1', { segments: [segment, segment] }],
    ['segments[1]: the uuid', { segments: [segment, { ...segment, number: 2 }] }],
  ];

  it.each(bad)('names what is wrong: %s', (problem, change) => {
    expect(manifestProblem({ ...sample, ...change })).toContain(problem);
  });

  it('is CORRUPT or INTERNAL by where it is asked', () => {
    for (const found of [null, 1, 'x', [], { ...sample, uuid: 1 }]) {
      expect(() => checkManifest(found, 'CORRUPT', 'a')).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
    }
    expect(() => checkManifest({}, 'INTERNAL', 'edit')).toThrow(/^edit: not a valid manifest: formatVersion: found/);
  });
});

describe('applyEdit', () => {
  it('raises the format version for as long as generations are retired', () => {
    const [first] = sample.segments;
    const generation = {
      replacedBy: null,
      retiredAt: sample.createdAt,
      deleteAfter: sample.createdAt,
      segments: [first as NonNullable<typeof first>],
    };
    const retiring = applyEdit(sample, { removeSegments: [1], retired: [generation] });
    expect([retiring.formatVersion, retiring.retired]).toEqual([2, [generation]]);
    expect(applyEdit(retiring, { flushedSeq: 99 })).toMatchObject({ formatVersion: 2, retired: [generation] });
    const gone = applyEdit(retiring, { retired: [] });
    expect([gone.formatVersion, 'retired' in gone]).toEqual([1, false]);
  });

  const entry = { ...sample.segments[0], number: 3, uuid: '00112233-4455-4677-8899-000000000003', rows: 1 };
  const added = { ...entry, firstRow: 100, lastRow: 100, bytes: 4096, createdAt: sample.createdAt, level: 1 };

  it('makes the next version and leaves the old one alone', () => {
    const before = structuredClone(sample);
    const next = applyEdit(sample, { addSegments: [added], removeSegments: [1], flushedSeq: 20 });
    expect(sample).toEqual(before);
    const { version, flushedSeq, nextSegmentNumber, segments } = next;
    expect([version, flushedSeq, nextSegmentNumber]).toEqual([sample.version + 1, 20, 4]);
    expect(segments.map(({ number }) => number)).toEqual([2, 3]);
    expect([next.uuid, next.createdAt, next.config]).toEqual([sample.uuid, sample.createdAt, sample.config]);
  });

  it('keeps what it does not name', () => {
    expect(applyEdit(sample, {})).toEqual({ ...sample, version: sample.version + 1 });
    expect(applyEdit(sample, { config: { dim: 8 } }).config).toEqual({ dim: 8 });
  });

  it('takes numbers in the order that work ends, not begins', () => {
    const later = applyEdit(sample, { addSegments: [{ ...added, number: 4 }] });
    const both = applyEdit(later, { addSegments: [added].map((one) => ({ ...one, uuid: sample.uuid })) });
    expect(both.segments.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
    expect(both.nextSegmentNumber).toBe(5);
  });

  it('refuses what does not fit', () => {
    const misfits = [
      { flushedSeq: sample.flushedSeq - 1 },
      { removeSegments: [9] },
      { removeSegments: [1, 9] },
      { addSegments: [{ ...added, number: 1 }] },
      { addSegments: [{ ...added, rows: 0 }] },
    ];
    for (const edit of misfits) {
      expect(() => applyEdit(sample, edit)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    }
  });
});
