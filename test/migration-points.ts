// Vectors of the crash test of migrations: made of the name of their space and the point's id alone, so that the process that
// is killed and the one that checks agree on them without a word.
export const MOVED_POINTS = 150;

export function movedVector(space: string, id: number): number[] {
  const number = Number(space.slice(1) || 0);
  return [id, number, (id * 7) % 13];
}
