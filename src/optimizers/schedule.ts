/** How the learning rate runs over a phase. `warmUp` is a share of the steps, over which the rate rises in equal parts. */
export type Schedule =
  | { name: 'constant'; warmUp: number }
  /** Multiplied by `factor` after every `every` steps, counted from the first one; parts of steps are allowed. */
  | { name: 'step'; warmUp: number; every: number; factor: number }
  | { name: 'cosine'; warmUp: number };

/**
 * What the base rate is multiplied by at `step` (0 for the first one) of `total`.
 * The first w = max(1, ⌊total·warmUp⌋) steps: `(step + 1) / w` (times the schedule's own factor where that is `step`). After them
 * - constant: 1
 * - step: `factor ^ ⌊step / every⌋`
 * - cosine: `½ (1 + cos(π (step − w) / max(1, total − w)))`, close to 0 at the last step (Loshchilov, Hutter 2017, eq. 5).
 */
export function scheduleFactor(step: number, total: number, schedule: Schedule): number {
  // The small addition is for shares such as 0.29, where total · share falls just short of a whole number.
  const warm = Math.max(1, Math.floor(total * schedule.warmUp + 1e-9));
  const rise = Math.min(1, (step + 1) / warm);
  switch (schedule.name) {
    case 'constant':
      return rise;
    case 'step':
      return rise * schedule.factor ** Math.floor(step / schedule.every + 1e-9);
    case 'cosine':
      return step < warm ? rise : 0.5 * (1 + Math.cos((Math.PI * (step - warm)) / Math.max(1, total - warm)));
  }
}
