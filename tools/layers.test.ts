// Allowed and forbidden imports of every kind; then the tree itself.
import { describe, expect, it } from 'vitest';
import { layers } from './layers.js';
import { formatProblem, projectRoot, readTree } from './tree.js';

function messages(path: string, ...lines: string[]): string[] {
  return layers([{ path, text: lines.join('\n') }]).map(formatProblem);
}

describe('layers of C++', () => {
  it('allows a folder itself and what lies below it', () => {
    expect(
      messages('native/graph/walk.cc', '#include "graph/walk.h"', '#include "codec/codec.h"', '#include <vector>'),
    ).toEqual([]);
    expect(messages('native/addon/module.cc', '#include <napi.h>', '#include "job/build_job.h"')).toEqual([]);
  });

  it('forbids what lies above or beside it', () => {
    expect(messages('native/graph/walk.cc', '', '#include "io/file.h"')).toEqual([
      'native/graph/walk.cc:2: graph must not include io/file.h: it may include base, kernels, codec',
    ]);
    expect(messages('native/base/a.h', '#include "kernels/kernels.h"')).toHaveLength(1);
    expect(messages('native/search/a.cc', '#include "job/build_job.h"')).toHaveLength(1);
    expect(messages('native/job/a.cc', '#include "search/exact_scan.h"')).toHaveLength(1);
  });

  it('keeps napi.h in the addon, and test doubles in tests', () => {
    expect(messages('native/search/a.cc', '#include <napi.h>')).toEqual([expect.stringContaining('native/addon only')]);
    expect(messages('native/io/a_test.cc', '#include "testing/faults.h"')).toEqual([]);
    expect(messages('native/io/a.cc', '#include "testing/faults.h"')).toHaveLength(1);
  });

  it('wants a layer for every folder', () => {
    expect(messages('native/stray/a.h')).toEqual([expect.stringContaining('no layer')]);
  });
});

describe('floors of TypeScript', () => {
  it('allows lower floors and the unit itself', () => {
    expect(
      messages(
        'src/segment/open.ts',
        "import { a } from './recall.js';",
        "import type { Native } from '../binding.js';",
        "export { b } from '../source/ids.js';",
        "import fs from 'node:fs';",
      ),
    ).toEqual([]);
    expect(messages('src/errors.test.ts', "import { a } from './errors.js';")).toEqual([]);
  });

  it('forbids the same floor and higher ones, in every form of import', () => {
    const forbidden = [
      "import { a } from '../segment/open.js';",
      "import type { A } from '../meta/store.js';",
      "import '../database.js';",
      "const a = await import('../collection.js');",
      "export * from '../index.js';",
      "import {\n  a,\n  b,\n} from '../rebuild/gates.js';",
    ];
    for (const line of forbidden) expect(messages('src/source/npy.ts', line)).toHaveLength(1);
  });

  it('keeps read and write apart', () => {
    expect(messages('src/read/search.ts', "import { a } from '../write/upsert.js';")).toEqual([
      expect.stringContaining('never import each other'),
    ]);
    expect(messages('src/write/upsert.ts', "import { a } from '../read/search.js';")).toHaveLength(1);
  });

  it('lets only tools/serve import http', () => {
    expect(messages('tools/serve.ts', "import { a } from '../src/http/server.js';")).toEqual([]);
    expect(messages('tools/build.ts', "import { a } from '../src/http/server.js';")).toHaveLength(1);
    expect(messages('src/index.ts', "import { a } from './http/server.js';")).toHaveLength(1);
  });

  it('lets tools import src, never the other way', () => {
    expect(messages('tools/build.ts', "import { a } from '../src/index.js';")).toEqual([]);
    expect(messages('src/index.ts', "import { a } from '../tools/output.js';")).toHaveLength(1);
    expect(messages('tools/build.ts', "import { a } from '../bench/curve.js';")).toHaveLength(1);
    expect(messages('src/errors.test.ts', "import { a } from '../test/sample.js';")).toEqual([]);
  });

  it('wants a floor for every unit', () => {
    expect(messages('src/stray.ts')).toEqual([expect.stringContaining('on no floor')]);
  });
});

describe('this tree', () => {
  it('keeps to its layers', () => {
    expect(layers(readTree(projectRoot())).map(formatProblem)).toEqual([]);
  });
});
