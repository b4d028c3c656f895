import type { ThresholdPoint } from '../../serve/api.js';
import { placeOf } from './rates.js';

/** The rectangle of a figure in which a curve is drawn, in the figure's units; y grows downward. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Curve {
  /** Path data where the held-out pairs suffice for the rate. */
  readonly resolved: string;
  /** Path data where they do not: up to the first point that is resolved. */
  readonly unresolved: string;
  /** Where each point lies. */
  readonly places: readonly (readonly [x: number, y: number])[];
}

/**
 * Same pairs accepted (TAR, 0 to 1, upward) against the false-accept rate (logarithmic, rightward).
 *
 * @param points by rising rate
 */
export function curveOf(points: readonly ThresholdPoint[], { left, top, right, bottom }: Box): Curve {
  const places = points.map(
    ({ asked, tar }) => [left + placeOf(asked, points) * (right - left), bottom - tar * (bottom - top)] as const,
  );
  // The strictest rates are the ones with too few pairs: they come first.
  const firstResolved = points.findIndex(({ resolved }) => resolved);
  const from = firstResolved === -1 ? places.length : firstResolved;
  return { resolved: path(places.slice(from)), unresolved: from === 0 ? '' : path(places.slice(0, from + 1)), places };
}

function path(places: readonly (readonly [number, number])[]): string {
  return places.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
}

/** The whole powers of ten within the range of rising points: the ticks of a logarithmic axis. */
export function decades(points: readonly ThresholdPoint[]): number[] {
  const first = points[0]?.asked ?? 1;
  const last = points.at(-1)?.asked ?? 1;
  const ticks: number[] = [];
  for (let power = Math.ceil(Math.log10(first) - 1e-9); power <= Math.log10(last) + 1e-9; power++) ticks.push(10 ** power);
  return ticks;
}
