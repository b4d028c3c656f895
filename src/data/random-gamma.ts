import type { RandomStream } from './random.js';

/**
 * A draw from Gamma(α, 1), α > 0: Marsaglia & Tsang 2000, "A simple method for generating gamma variables"; below 1 by a draw from
 * Gamma(α + 1) times u^(1/α).
 */
export function gammaDraw(alpha: number, stream: RandomStream): number {
  if (alpha < 1) return gammaDraw(alpha + 1, stream) * positive(stream) ** (1 / alpha);
  const d = alpha - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normalDraw(stream);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(positive(stream)) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Standard normal (Box & Muller). */
function normalDraw(stream: RandomStream): number {
  const radius = Math.sqrt(-2 * Math.log(positive(stream)));
  return radius * Math.cos(2 * Math.PI * stream.uniform());
}

/** Uniform in (0, 1]. */
function positive(stream: RandomStream): number {
  return 1 - stream.uniform();
}
