import { describe, expect, it } from 'vitest';
import { sampleManifest as sample } from '../../test/sample-manifest.js';
import { checkManifest, manifestProblem } from './manifest.js';
import { applyEdit } from './manifest-edit.js';

describe('checkManifest', () => {
  it('takes a whole manifest', () => {
    expect(manifestProblem(sample)).toBeNull();
    expect(manifestProblem({ ...sample, flushedSeq: 0, nextSegmentNumber: 1, segments: [] })).toBeNull();
  });

  const segment = sample.segments[0];
  const bad: [string, object][] = [
    ['formatVersion', { formatVersion: 2 }],
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
