// `npm run test:large -- --rows 10000000 --dim 32`: test/large-run.ts at full size, after the native tests of large
// segments. Takes 20 GB of the temporary folder's disk, 12 GB of memory, and minutes.
import { runLarge } from '../large-run.js';
import { numbers, say } from './arguments.js';

const RECALL_MIN = 0.9;

const {
  rows,
  dim,
  queries,
  'list-size': listSize,
  'build-list': buildList,
} = numbers({
  rows: 10_000_000,
  dim: 32,
  queries: 1000,
  'list-size': 80,
  'build-list': 50,
});
const report = runLarge({ rows, dim, queries, listSize, buildList }, say);
say(JSON.stringify(report, null, 2));
if (report.peak > report.limit) throw new Error(`the build took ${report.peak} bytes, its limit was ${report.limit}`);
if (report.unreachable > 0) throw new Error(`${report.unreachable} rows are not reached`);
if (report.recall < RECALL_MIN) throw new Error(`recall@10 is ${report.recall}, expected ${RECALL_MIN}`);
say('PASSED');
