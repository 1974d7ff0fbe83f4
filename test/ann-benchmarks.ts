// The bundled word vectors as a file of ann-benchmarks, whose sets `train`, `test` and `neighbors` are in HDF5.
import { join } from 'node:path';
import { halvesToFloats } from '../src/source/half.js';
import { openVectorSource, readRows } from '../src/source/vector-source.js';
import { projectRoot } from '../tools/tree.js';
import { type Hdf5Dataset, hdf5File } from './column-files.js';

async function sample(name: string): Promise<Hdf5Dataset> {
  const source = await openVectorSource(join(projectRoot(), 'test', 'sample', name));
  try {
    const data = await readRows(source);
    const numbers = data instanceof Uint16Array ? halvesToFloats(data) : data;
    return { data: numbers as Hdf5Dataset['data'], shape: [source.rows, source.dim] };
  } finally {
    source.close();
  }
}

export async function writeAnnBenchmarks(path: string): Promise<void> {
  await hdf5File(path, {
    train: await sample('gloss-4k.base.f16.npy'),
    test: await sample('gloss-4k.query.f16.npy'),
    neighbors: await sample('gloss-4k.gt100.ivecs'),
  });
}
