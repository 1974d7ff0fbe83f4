// Limits that TypeScript must know before the addon is loaded: a vector file is checked, converted and shown
// without it. Whatever the addon enforces too is named with its native constant, and limits.test.ts compares
// the two; limits that only the addon enforces are read from its `constants` instead of standing here.

/** Elements a vector; kMaxDimension of native/format/segment_format.h. */
export const MAX_DIMENSION = 65_536;

/** Bytes of vectors that one window over a vector file holds, unless the caller asks for another size. */
export const WINDOW_BYTES_DEFAULT = 8 * 1024 * 1024;

/** The most that a caller may ask for; a window is one array and, where it cannot be mapped, one more. */
export const WINDOW_BYTES_MAX = 1024 * 1024 * 1024;

/** Ids that a truth file may hold, since it is read whole: 2^28 of them are 1 GiB. */
export const MAX_TRUTH_IDS = 2 ** 28;

/** The row of a result that is absent because the index has fewer rows than k; kNoRow of native/search. */
export const NO_ROW = 0xffff_ffff;
