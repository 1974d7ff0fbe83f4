// What is done to a collection as a whole (made, opened, closed, dropped, restored, salvaged), one thing after another
// for each name: each would find the folder of the one before half done. Called by Database only.
export class Turns {
  /** The end of the last one, by name. Never rejects. */
  private readonly last = new Map<string, Promise<unknown>>();

  run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const result = (this.last.get(name) ?? Promise.resolve()).then(work);
    const end = result
      .catch(() => undefined)
      .then(() => {
        if (this.last.get(name) === end) this.last.delete(name);
      });
    this.last.set(name, end);
    return result;
  }

  /** Resolves when all that was begun has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.last.values());
  }
}
