// The event loop's turns, kept short while searches follow each other: the addon's answers are handed over in one turn
// for as long as there are new ones, and where each search is followed by the next there always are. Timers, files and
// sockets, and with them all writes, would wait for up to a thousand searches. Called before a search is begun.
import { setImmediate as nextTurn } from 'node:timers/promises';

const TURN_MS_MAX = 4;

class LoopTurns {
  /** When the first search of this turn was begun; null before it. */
  private began: number | null = null;

  /** A promise to be awaited where this turn has lasted long enough, else undefined. */
  next(): Promise<void> | undefined {
    const now = performance.now();
    if (this.began === null) {
      this.began = now;
      setImmediate(() => {
        this.began = null;
      });
      return undefined;
    }
    return now - this.began < TURN_MS_MAX ? undefined : nextTurn();
  }
}

export const loopTurns = new LoopTurns();
