import { figure } from '../../report/words.js';
import type { ThresholdPoint } from '../../serve/api.js';

const WIDTH = 400;
const LEFT = 12;
const RIGHT = 388;
const LINE = 30;

/** Where a cosine lies against the threshold and its interval, on a line that ends at 1. */
export function CosineScale({ similarity, point }: { similarity: number; point: ThresholdPoint }) {
  const { threshold, low, high } = point;
  const least = Math.min(0, similarity, low) < 0 ? -1 : 0;
  const across = (cosine: number) => LEFT + ((cosine - least) / (1 - least)) * (RIGHT - LEFT);
  return (
    <svg
      class="scale"
      viewBox={`0 0 ${WIDTH} 66`}
      role="img"
      aria-label={`Cosine ${figure(similarity)}, threshold ${figure(threshold)}, between ${least} and 1`}
    >
      <line class="tick" x1={LEFT} x2={RIGHT} y1={LINE} y2={LINE} />
      <rect class="band" x={across(low)} width={Math.max(1, across(high) - across(low))} y={LINE - 12} height="24" />
      <line class="now" x1={across(threshold)} x2={across(threshold)} y1={LINE - 12} y2={LINE + 12} />
      <circle class="point" cx={across(similarity)} cy={LINE} r="7" />
      <text x={LEFT} y="62">
        {least}
      </text>
      <text x={across(threshold)} y="62" text-anchor="middle">
        threshold {figure(threshold)}
      </text>
      <text x={RIGHT} y="62" text-anchor="end">
        1
      </text>
    </svg>
  );
}
