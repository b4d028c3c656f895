import type { ThresholdPoint } from '../../serve/api.js';

/** The points from the strictest rate to the most lenient one, as they lie on the axis from left to right. */
export function byRisingRate(points: readonly ThresholdPoint[]): ThresholdPoint[] {
  return [...points].sort((a, b) => a.asked - b.asked);
}

/**
 * Where a rate lies on a logarithmic axis: 0 at the first of the rising `points`, 1 at the last.
 * A single point lies in the middle.
 */
export function placeOf(rate: number, points: readonly ThresholdPoint[]): number {
  const [first, last] = ends(points);
  return first === last ? 0.5 : (Math.log10(rate) - first) / (last - first);
}

/** The index of the point that lies nearest to a place on the axis. */
export function pointAt(place: number, points: readonly ThresholdPoint[]): number {
  let nearest = 0;
  for (const [index, point] of points.entries())
    if (Math.abs(placeOf(point.asked, points) - place) < Math.abs(placeOf(points[nearest]?.asked ?? 1, points) - place))
      nearest = index;
  return nearest;
}

function ends(points: readonly ThresholdPoint[]): readonly [number, number] {
  return [Math.log10(points[0]?.asked ?? 1), Math.log10(points.at(-1)?.asked ?? 1)];
}

/** Where the slider stands at first: `ft verify` and the server take the same rate unless told. */
export const USUAL_RATE = 0.01;

/** A share as a percentage with two significant digits below 10 %, so that small rates do not become 0: '0.012 %'. */
export function share(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const percent = value * 100;
  return `${Number(percent >= 10 ? percent.toFixed(1) : percent.toPrecision(2))}\u00a0%`;
}

/** 'one in 1,000' for 0.001; null where the rate is not near such a share. */
export function oneIn(rate: number): string | null {
  const times = Math.round(1 / rate);
  return times >= 2 && Math.abs(1 / rate / times - 1) < 0.02 ? `one in ${times.toLocaleString('en-US')}` : null;
}
