// The process that the suite `ingest` kills: writes rows that stay in the log, says so, and waits for its end.
import { setTimeout } from 'node:timers/promises';
import { open } from '../src/index.js';
import { loadFlat } from './floats.js';
import { upsert } from './ingest-rows.js';

const WAIT_MS = 600_000;

const [dir = '', base = '', size = '0'] = process.argv.slice(2);
const data = await loadFlat(base, Number(size));
const database = await open(dir, { deltaRows: 2 * data.rows });
const collection = await database.createCollection('c', { dim: data.dim });
await upsert(collection, data, 0, data.rows);
process.stdout.write('filled\n');
await setTimeout(WAIT_MS);
