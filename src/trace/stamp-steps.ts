// Which steps all stamps of a recording keep: jiffies, us, or none longer than a ns.

const STEPS_NS = [10_000_000, 4_000_000, 1_000_000, 1000];

export class StampSteps {
  /** Steps that all stamps kept so far, and by how much these are past a multiple of each. */
  #kept: { readonly step: number; readonly past: number }[] | null = null;

  // hot
  add(timeNs: number): void {
    this.#kept ??= STEPS_NS.map((step) => ({ step, past: modulo(timeNs, step) }));
    for (const { step, past } of this.#kept)
      if (modulo(timeNs, step) !== past) {
        this.#kept = this.#kept.filter((one) => modulo(timeNs, one.step) === one.past);
        return;
      }
  }

  /** Does every stamp, counted from `originNs`, keep the step? */
  keeps(step: number, originNs: bigint): boolean {
    const from = Number(originNs % BigInt(step));
    return this.#kept?.some((one) => one.step === step && (one.past + from) % step === 0) ?? false;
  }

  /** The longest step that all of these recordings keep. */
  static longest(all: readonly StampSteps[], originNs: bigint): number {
    return STEPS_NS.find((step) => all.every((steps) => steps.keeps(step, originNs))) ?? 1;
  }
}

const modulo = (value: number, step: number): number => ((value % step) + step) % step;
