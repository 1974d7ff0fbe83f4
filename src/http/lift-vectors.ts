// The vectors of a large body of JSON, taken out of it on the thread that parsed it: all in one array, which goes to the
// event loop without being copied. What is left is small, and is copied there; how many values that may be is limited,
// for each of them costs the loop time. Called by bulk-worker.ts.
import { badRequest } from './wire-error.js';

/** A shorter list costs less as it is. */
const LEAST = 16;
/** Where a list of numbers is a vector. Of lists under these, the members are. */
const VECTORS: ReadonlySet<string> = new Set(['query', 'vector', 'nearest']);
const LISTS_OF_VECTORS: ReadonlySet<string> = new Set(['positive', 'negative']);
/** Where nothing is one, whatever it is called. */
const OTHERS: ReadonlySet<string> = new Set(['filter', 'payload']);

interface Place {
  parent: Record<string | number, unknown>;
  key: string | number;
  list: readonly number[];
}

/** What a place is: of a vector, of a list of vectors, of whatever else, or where there are none. */
type Kind = 'vector' | 'vectors' | 'any' | 'none';

/**
 * Changes the value: each vector becomes a part of `vectors`.
 *
 * @throws WireError 400 for more than `most` values beside them.
 */
export function liftVectors(value: unknown, most: number): { value: unknown; vectors: Float64Array } {
  const lifter = new Lifter(most);
  lifter.visit(value, 'any');
  return { value, vectors: lifter.lift() };
}

class Lifter {
  private readonly places: Place[] = [];
  private numbers = 0;
  private values = 0;

  constructor(private readonly most: number) {}

  visit(value: unknown, kind: Kind): void {
    this.values += 1;
    if (this.values > this.most) {
      throw badRequest(`the body: found more than ${this.most} values beside vectors; split it (limits.json_values)`);
    }
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      const inner = kind === 'vectors' ? 'vector' : kind === 'vector' ? 'none' : kind;
      for (let at = 0; at < value.length; at += 1) this.member(value as unknown as Place['parent'], at, inner);
      return;
    }
    const inside = kind === 'none' ? 'none' : undefined;
    for (const key of Object.keys(value)) {
      this.member(value as Place['parent'], key, inside ?? kindOf(key));
    }
  }

  lift(): Float64Array {
    const vectors = new Float64Array(this.numbers);
    let end = 0;
    for (const { parent, key, list } of this.places) {
      vectors.set(list, end);
      parent[key] = vectors.subarray(end, end + list.length);
      end += list.length;
    }
    return vectors;
  }

  private member(parent: Place['parent'], key: string | number, kind: Kind): void {
    const value = parent[key];
    if (kind !== 'vector' || !isVector(value)) return this.visit(value, kind);
    this.values += 1;
    this.numbers += value.length;
    this.places.push({ parent, key, list: value });
  }
}

function kindOf(key: string): Kind {
  if (OTHERS.has(key)) return 'none';
  if (VECTORS.has(key)) return 'vector';
  return LISTS_OF_VECTORS.has(key) ? 'vectors' : 'any';
}

function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && value.length >= LEAST && value.every((member) => typeof member === 'number');
}
