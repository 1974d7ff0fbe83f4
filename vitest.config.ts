// How `npm test` runs the TypeScript tests. Each file gets its own process: the addon keeps thread pools, and a
// crash in native code then names the file it came from. All processors work, and the files that take longest begin
// first, so that the last of them is not waited for alone.
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Each takes over ten seconds; in falling order. */
const slowest = [
  'test/readme.test.ts',
  'src/rebuild/gates.test.ts',
  'test/collection-model.test.ts',
  'test/addon-environments.test.ts',
  'test/memory-limit.test.ts',
  'test/import.test.ts',
  'test/lost-log-end.test.ts',
];

class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = slowest.findIndex((path) => moduleId.endsWith(`/${path}`));
      return at === -1 ? slowest.length : at;
    };
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tools/**/*.test.ts', 'bench/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: availableParallelism(),
    sequence: { sequencer: SlowestFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
  },
});
