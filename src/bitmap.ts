// The bitmaps that sets of rows are kept in: the package `roaring`, which is CommonJS, in the form of an ES module.
import roaring from 'roaring';

export const { RoaringBitmap32 } = roaring;
export type RoaringBitmap32 = InstanceType<typeof roaring.RoaringBitmap32>;
export type { ReadonlyRoaringBitmap32 } from 'roaring';
