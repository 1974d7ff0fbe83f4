// `npm run test:package`: the package as users get it; see test/package-run.ts. Takes minutes and the npm registry.
import { runPackage } from '../package-run.js';
import { say } from './arguments.js';

say(`PASSED: ${JSON.stringify(runPackage(say))}`);
