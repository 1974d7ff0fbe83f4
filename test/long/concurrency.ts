// `npm run test:concurrency -- --seconds 60 --seed 1`: eight writers and eight searchers on one collection.
import { runConcurrently } from '../concurrency-run.js';
import { numbers, say } from './arguments.js';

const options = numbers({ seconds: 60, seed: 1, writers: 8, searchers: 8, deltaRows: 3000 });
say(`PASSED: ${JSON.stringify(await runConcurrently(options))}`);
