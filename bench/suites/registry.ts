// All suites, in the order in which they are run and shown.
import type { Suite } from '../suite.js';
import { coldSuite } from './cold.js';
import { filtersSuite } from './filters.js';
import { growthSuite } from './growth.js';
import { ingestSuite } from './ingest.js';
import { limitsSuite } from './limits.js';
import { peersSuite } from './peers.js';
import { cachesSuite, readersSuite } from './readers.js';
import { recallSuite } from './recall.js';
import { serviceSuite } from './service.js';
import { codesSuite, ordersSuite, ramSuite } from './shapes.js';
import { streamingSuite } from './streaming.js';

export const suites: readonly Suite[] = [
  recallSuite,
  peersSuite,
  codesSuite,
  ordersSuite,
  ramSuite,
  readersSuite,
  cachesSuite,
  limitsSuite,
  growthSuite,
  ingestSuite,
  streamingSuite,
  filtersSuite,
  serviceSuite,
  coldSuite,
];
