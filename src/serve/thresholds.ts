import type { ThresholdPoint } from './api.js';
import { Refusal } from './refusal.js';

/** The rate that thresholds are taken at where a request names none. */
export const DEFAULT_FAR = 0.01;

/**
 * The calibrated point whose rate is nearest to the one asked for, by ratio: 0.003 lies nearer to 0.002 than to 0.005. Null where nothing
 * was calibrated.
 */
export function nearestPoint(points: readonly ThresholdPoint[], far: number): ThresholdPoint | null {
  const off = ({ asked }: ThresholdPoint) => Math.abs(Math.log(asked / far));
  return points.reduce<ThresholdPoint | null>((best, point) => (best === null || off(point) < off(best) ? point : best), null);
}

export interface Wanted {
  readonly far: number;
  readonly top: number;
}

/** The numbers of a query. @throws Refusal 400 */
export function wanted(query: unknown, { top = 5, most = 1000 }: { top?: number; most?: number } = {}): Wanted {
  const given = (query ?? {}) as Record<string, unknown>;
  return {
    far: numberOf(given.far, 'far', DEFAULT_FAR, 'a rate between 0 and 1', (value) => value > 0 && value < 1),
    top: numberOf(given.top, 'top', top, `a whole number from 1 to ${most}`, (v) => Number.isInteger(v) && v >= 1 && v <= most),
  };
}

/** A number of a query, or what stands for it where there is none. @throws Refusal 400 */
export function numberOf(
  text: unknown,
  where: string,
  absent: number,
  expected: string,
  allowed: (value: number) => boolean,
): number {
  if (text === undefined) return absent;
  const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN;
  if (!allowed(value))
    throw new Refusal(400, { what: `${where} is not right`, where, expected, found: String(text).slice(0, 40) });
  return value;
}
