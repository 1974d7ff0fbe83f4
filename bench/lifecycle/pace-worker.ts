// The thread that tells paced-searches.ts when a search is due: it sleeps until then to within some hundredths of a
// millisecond, which timers of the event loop do not, and takes no processor, which waiting in turns would.
import { parentPort, workerData } from 'node:worker_threads';
import { seededRandom } from '../../tools/random.js';
import { poissonGap } from '../random.js';
import { clockMs } from './clock.js';

const { perSecond, seed, stop } = workerData as {
  perSecond: number;
  seed: number;
  stop: Int32Array<SharedArrayBuffer>;
};

const random = seededRandom(seed);
let due = clockMs();
while (Atomics.load(stop, 0) === 0) {
  due += poissonGap(perSecond, random);
  const left = due - clockMs();
  if (left > 0) Atomics.wait(stop, 0, 0, left);
  parentPort?.postMessage(due);
}
