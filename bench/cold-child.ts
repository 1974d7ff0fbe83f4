// Opens an index and searches it, once, and tells in JSON how long each step took since the process began. Started by the
// suite `cold` with the index and a file of queries.
import { openIndex } from '../src/index.js';
import { openVectorSource } from '../src/source/vector-source.js';
import { createCast } from '../src/source/cast.js';

const LATER = 20;

const [dir = '', queryFile = ''] = process.argv.slice(2);
const loaded = performance.now(); // since the process was made
const index = await openIndex(dir, { threads: 1 });
const opened = performance.now();
const source = await openVectorSource(queryFile);
const cast = createCast(queryFile, source.dim, source.element, 'f32');
const queries: Float32Array[] = [];
for await (const window of source.windows({ rows: LATER + 1, bytesMax: 1 })) {
  queries.push(cast.apply(window) as Float32Array);
}
source.close();
const times: number[] = [];
for (const query of queries) {
  const began = performance.now();
  await index.search(query, { k: 10 });
  times.push(performance.now() - began);
}
await index.close();
const [first = Number.NaN, ...later] = times;
const later_ms = later.reduce((sum, time) => sum + time, 0) / later.length;
process.stdout.write(JSON.stringify({ load_ms: loaded, open_ms: opened - loaded, first_ms: first, later_ms }));
