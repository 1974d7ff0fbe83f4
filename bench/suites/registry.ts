// All suites, in the order in which they are run and shown.
import type { Suite } from '../suite.js';
import { peersSuite } from './peers.js';
import { recallSuite } from './recall.js';

export const suites: readonly Suite[] = [recallSuite, peersSuite];
