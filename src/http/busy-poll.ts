// Keeps the event loop awake where it would soon be woken again. A processor that has gone to sleep takes as long to
// wake as a small search takes, and a client that sends one search after another's answer has it woken twice for each:
// by the request and by the result. So instead of sleeping the loop looks again and again while a single reading request
// is at work, and for a moment after its answer; as Linux does with a guest's processors (`halt_poll_ns`).
//
// It does so only where that will probably pay: not with several requests at work, whose searches need the processors;
// not where the answer before took longer than `limitMs`; and after an answer, for a quarter of that, only where the
// request before came as soon after the one before it.

export interface Turns {
  now(): number;
  /** Calls that in the next turn of the event loop, which then does not sleep before. */
  next(look: () => void): void;
}

const LOOP: Turns = { now: () => performance.now(), next: setImmediate };

export class BusyPoll {
  private readonly afterMs: number;
  private beganMs = Number.NEGATIVE_INFINITY;
  private endedMs = Number.NEGATIVE_INFINITY;
  private answersSoon = false;
  private followsSoon = false;
  private untilMs = Number.NEGATIVE_INFINITY;
  private looking = false;

  /** `atWork`: requests of all kinds that are, now. A limit of 0 is never. */
  constructor(
    private readonly limitMs: number,
    private readonly atWork: () => number,
    private readonly turns: Turns = LOOP,
  ) {
    this.afterMs = limitMs / 4;
  }

  /** A reading request goes to work. */
  began(): void {
    if (this.limitMs === 0) return;
    const now = this.turns.now();
    this.followsSoon = now - this.endedMs <= this.afterMs;
    this.beganMs = now;
    if (this.answersSoon) this.lookUntil(now + this.limitMs);
  }

  /** It is answered, or refused. */
  ended(): void {
    if (this.limitMs === 0) return;
    const now = this.turns.now();
    this.answersSoon = now - this.beganMs <= this.limitMs;
    this.endedMs = now;
    if (this.followsSoon) this.lookUntil(now + this.afterMs);
    else this.untilMs = now;
  }

  private lookUntil(ms: number): void {
    this.untilMs = ms;
    if (this.looking) return;
    this.looking = true;
    this.turns.next(this.look);
  }

  private readonly look = (): void => {
    this.looking = this.atWork() <= 1 && this.turns.now() < this.untilMs;
    if (this.looking) this.turns.next(this.look);
  };
}
