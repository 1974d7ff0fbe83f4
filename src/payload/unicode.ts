// Whether a string is whole Unicode. UTF-8 has no bytes for half of a surrogate pair, so a string that holds one
// would come back changed from a key or a payload; it is refused where it comes in.

const HALF_PAIR = /\p{Surrogate}/u;

export function isWellFormed(text: string): boolean {
  return !HALF_PAIR.test(text);
}
