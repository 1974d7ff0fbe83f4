// `npm run test:package -- --compile 1`: the package as users get it; see test/package-run.ts. Takes minutes and the npm
// registry; with 0 it tries the prebuilt addon only.
import { runPackage } from '../package-run.js';
import { numbers, say } from './arguments.js';

const { compile } = numbers({ compile: 1 });
say(`PASSED: ${JSON.stringify(runPackage(compile !== 0, say))}`);
