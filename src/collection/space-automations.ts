// What begins by itself, of each vector space of a collection: what is due in one is done in that one alone. They come and
// go with the spaces. Part of lifecycle.ts.
import type { Automation } from './automation.js';
import type { VectorSpace } from './vector-space.js';

export class SpaceAutomations {
  /** By the numbers of the spaces. */
  private readonly running = new Map<number, Automation>();
  private started = false;

  /** One for each of these, made where there is none yet. */
  follow(spaces: readonly VectorSpace[], make: (space: VectorSpace) => Automation): void {
    for (const [number, automation] of this.running) {
      if (spaces.some((space) => space.number === number)) continue;
      automation.stop();
      this.running.delete(number);
    }
    for (const space of spaces) {
      if (this.running.has(space.number)) continue;
      const automation = make(space);
      this.running.set(space.number, automation);
      if (this.started) automation.start();
    }
  }

  start(): void {
    this.started = true;
    for (const automation of this.running.values()) automation.start();
  }

  stop(): void {
    for (const automation of this.running.values()) automation.stop();
  }

  /** Why none begins any more, of the first space of which that is so; null while they do. */
  get alarm(): string | null {
    for (const { alarm } of this.running.values()) if (alarm !== null) return alarm;
    return null;
  }
}
