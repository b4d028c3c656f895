/** The rates of a range test: from `low` to `high`, each the same factor above the one before. */
export interface Sweep {
  readonly low: number;
  readonly high: number;
  readonly steps: number;
}

/** What a sweep saw: the loss of each step, smoothed, at its rate. It may be shorter than the sweep, where the loss ran away. */
export interface Curve {
  readonly rates: readonly number[];
  readonly losses: readonly number[];
  readonly smoothed: readonly number[];
  /** The rate at which the loss had run away; null where it never did. */
  readonly diverged: number | null;
}

/** Rates to begin with; null where the curve does not fall. */
export interface Suggestion {
  /** Where the smoothed loss falls fastest, by the logarithm of the rate. */
  readonly steepest: number | null;
  /** A tenth of the rate at which the smoothed loss is lowest. */
  readonly tenth: number | null;
}

/** Share of the smoothed loss that is kept at each step. */
const KEPT = 0.9;
/** The loss has run away where its smoothed value is this many times the lowest one. */
const RUN_AWAY = 4;
/** Steps before the curve is believed: smoothing needs some. */
const SETTLED = 10;

/** `low · (high / low)^(step / (steps − 1))`. */
export function sweepRate({ low, high, steps }: Sweep, step: number): number {
  return low * (high / low) ** (step / Math.max(1, steps - 1));
}

/**
 * Follows a learning-rate range test: the rate grows exponentially from step to step, and the loss is smoothed by an exponential
 * moving average without its bias towards 0, `s_t = (1 − β) Σ β^(t−i) l_i / (1 − β^t)` with β = 0.9.
 *
 * Source: Smith, "Cyclical learning rates for training neural networks", WACV 2017, §3.3; smoothing and the end of the sweep as
 * in fastai's `lr_find`.
 */
export class RangeTest {
  private readonly rates: number[] = [];
  private readonly losses: number[] = [];
  private readonly smoothed: number[] = [];
  private average = 0;
  private lowest = Number.POSITIVE_INFINITY;
  private diverged: number | null = null;

  /** Takes in the loss of a step (computed before the step's own update). Returns whether the sweep goes on. */
  add(rate: number, loss: number): boolean {
    if (!Number.isFinite(loss)) {
      this.diverged = rate;
      return false;
    }
    this.average = KEPT * this.average + (1 - KEPT) * loss;
    const smooth = this.average / (1 - KEPT ** (this.losses.length + 1));
    this.rates.push(rate);
    this.losses.push(loss);
    this.smoothed.push(smooth);
    this.lowest = Math.min(this.lowest, smooth);
    if (this.losses.length > SETTLED && smooth > RUN_AWAY * this.lowest) {
      this.diverged = rate;
      return false;
    }
    return true;
  }

  curve(): Curve {
    return { rates: this.rates, losses: this.losses, smoothed: this.smoothed, diverged: this.diverged };
  }
}

/** Rates that a curve suggests. Slopes are those of the smoothed loss over the logarithm of the rate, by central differences. */
export function suggest({ rates, smoothed }: Curve): Suggestion {
  let lowest = -1;
  for (let i = SETTLED; i < smoothed.length; i++)
    if (lowest < 0 || (smoothed[i] as number) < (smoothed[lowest] as number)) lowest = i;
  if (lowest < 0) return { steepest: null, tenth: null };
  let steepest = -1;
  let slope = 0;
  for (let i = SETTLED; i < lowest; i++) {
    const over = Math.log(rates[i + 1] as number) - Math.log(rates[i - 1] as number);
    const found = ((smoothed[i + 1] as number) - (smoothed[i - 1] as number)) / over;
    if (found < slope) {
      slope = found;
      steepest = i;
    }
  }
  if (steepest < 0) return { steepest: null, tenth: null };
  return { steepest: rates[steepest] as number, tenth: (rates[lowest] as number) / 10 };
}
