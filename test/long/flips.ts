// `npm run test:flips -- --each 200 --seed 1`: flips so many bytes of each file of a collection, one a time.
import { runFlips } from '../flip-run.js';
import { numbers, say } from './arguments.js';

const { each, seed } = numbers({ each: 200, seed: 1 });
say(`PASSED: ${JSON.stringify(await runFlips(seed, each))}`);
