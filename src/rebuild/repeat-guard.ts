// Keeps automatic jobs from being done in vain again and again: one does not begin for the same reason as before until
// what made it due has moved by a fifth since, or a day has passed. Pure; the lifecycle of a collection keeps one, and
// makes it anew from the history of jobs when the collection is opened.

/** What made a job due, and how far it was. */
export interface Trigger {
  name: string;
  value: number;
}

const MOVED_SHARE = 0.2;
const DAY_MS = 86_400_000;

export class RepeatGuard {
  private readonly done = new Map<string, Trigger & { atMs: number }>();

  /** To be told of the values at every look: what has moved is due again, also when it comes back to where it was. */
  observe(values: ReadonlyMap<string, number>): void {
    for (const [key, { name, value }] of this.done) {
      if (Math.abs((values.get(name) ?? 0) - value) >= MOVED_SHARE * Math.abs(value)) this.done.delete(key);
    }
  }

  allows(kind: string, { name }: Trigger, nowMs: number): boolean {
    const last = this.done.get(keyOf(kind, name));
    return last === undefined || nowMs - last.atMs >= DAY_MS;
  }

  /** An automatic job has been done. */
  note(kind: string, trigger: Trigger, atMs: number): void {
    this.done.set(keyOf(kind, trigger.name), { ...trigger, atMs });
  }
}

function keyOf(kind: string, name: string): string {
  return `${kind} ${name}`;
}
