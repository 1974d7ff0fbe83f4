// What estimates of an index got wrong, by kind of condition, fed back into the next ones: the mean of the logarithm of
// found over estimated, of which recent ones count more.

const WEIGHT = 0.2;
const CORRECTION_MAX = 16;

export class EstimateFeedback {
  private readonly errors = new Map<string, number>();

  correct(kind: string, estimate: number): number {
    return estimate * Math.exp(this.errors.get(kind) ?? 0);
  }

  /** `estimate` is as it was before it was corrected. */
  learn(kind: string, estimate: number, found: number): void {
    // Half a row, so that nothing has a logarithm too.
    const error = Math.log((found + 0.5) / (estimate + 0.5));
    const limit = Math.log(CORRECTION_MAX);
    const before = this.errors.get(kind) ?? 0;
    this.errors.set(kind, before + WEIGHT * (Math.min(limit, Math.max(-limit, error)) - before));
  }
}
