import type { ThresholdPoint } from '../../serve/api.js';
import { curveOf, decades } from './curve.js';
import { placeOf, share } from './rates.js';

/** In the units of the figure; the slider below it has the same margins (threshold.css). */
const WIDTH = 400;
const HEIGHT = 190;
const BOX = { left: 44, top: 12, right: 388, bottom: 148 };
const LEVELS = [0, 0.5, 1];

/** The share of same pairs that is accepted (TAR) against the false-accept rate (FAR), and where the slider stands. */
export function RateCurve({ points, chosen }: { points: readonly ThresholdPoint[]; chosen: ThresholdPoint }) {
  const { resolved, unresolved, places } = curveOf(points, BOX);
  const [x, y] = places[points.indexOf(chosen)] ?? [BOX.left, BOX.bottom];
  const across = (rate: number) => BOX.left + placeOf(rate, points) * (BOX.right - BOX.left);
  const up = (level: number) => BOX.bottom - level * (BOX.bottom - BOX.top);
  const label = `Same pairs accepted against the false-accept rate; at ${share(chosen.asked)} it accepts ${share(chosen.tar)}`;
  return (
    <figure class="curve">
      <figcaption>
        <b>Same pairs accepted (TAR)</b> against the false-accept rate (FAR)
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
        {LEVELS.map((level) => (
          <g key={level}>
            <line class="grid-line" x1={BOX.left} x2={BOX.right} y1={up(level)} y2={up(level)} />
            <text x={BOX.left - 6} y={up(level) + 4} text-anchor="end">
              {level * 100} %
            </text>
          </g>
        ))}
        {decades(points).map((rate) => (
          <g key={rate}>
            <line class="tick" x1={across(rate)} x2={across(rate)} y1={BOX.bottom} y2={BOX.bottom + 5} />
            <text x={across(rate)} y={BOX.bottom + 19} text-anchor="middle">
              {share(rate)}
            </text>
          </g>
        ))}
        <line class="now" x1={x} x2={x} y1={BOX.bottom} y2={y} />
        <path class="line" d={resolved} />
        <path class="line unsure" d={unresolved} />
        <circle class="point" cx={x} cy={y} r="6" />
        <text x={BOX.left} y={HEIGHT - 4}>
          stricter
        </text>
        <text x={BOX.right} y={HEIGHT - 4} text-anchor="end">
          more lenient
        </text>
      </svg>
    </figure>
  );
}
