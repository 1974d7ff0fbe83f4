// A manifest with every field set, for the tests of what is made of one. FORMATS.md shows it without its second
// segment.
import type { Manifest, SegmentEntry } from '../src/manifest/manifest.js';

const segment: SegmentEntry = {
  number: 1,
  uuid: '00112233-4455-4677-8899-aabbccddeeff',
  rows: 90,
  firstRow: 0,
  lastRow: 99,
  bytes: 57_344,
  createdAt: '2025-01-02T03:04:05.678Z',
  level: 0,
};

export const documentedManifest: Manifest<{ dim: number }> = {
  formatVersion: 1,
  version: 2,
  uuid: '0f0e0d0c-0b0a-4908-8706-050403020100',
  createdAt: '2025-01-01T00:00:00.000Z',
  config: { dim: 4 },
  flushedSeq: 12,
  nextSegmentNumber: 2,
  segments: [segment],
};

export const sampleManifest: Manifest<{ dim: number }> = {
  ...documentedManifest,
  version: 3,
  nextSegmentNumber: 3,
  segments: [segment, { ...segment, number: 2, uuid: '00112233-4455-4677-8899-000000000002', level: 1 }],
};
