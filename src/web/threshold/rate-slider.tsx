import type { ThresholdPoint } from '../../serve/api.js';
import { placeOf, pointAt } from './rates.js';
import { rateInWords } from './words.js';

interface Properties {
  /** By rising rate. */
  readonly points: readonly ThresholdPoint[];
  readonly chosen: ThresholdPoint;
  readonly choose: (point: ThresholdPoint) => void;
}

/** The false-accept rate on a logarithmic axis: it stops at the rates that were calibrated, and each key goes to the next of them. */
export function RateSlider({ points, chosen, choose }: Properties) {
  const at = points.indexOf(chosen);
  const go = (index: number) => {
    const point = points[Math.min(points.length - 1, Math.max(0, index))];
    if (point !== undefined) choose(point);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = {
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      PageDown: at - 3,
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      PageUp: at + 3,
      Home: 0,
      End: points.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  };
  const onInput = (event: { readonly currentTarget: HTMLInputElement }) => {
    const index = pointAt(Number(event.currentTarget.value), points);
    // The thumb snaps even where the chosen point stays the same, and nothing is drawn anew.
    event.currentTarget.value = String(placeOf(points[index]?.asked ?? chosen.asked, points));
    go(index);
  };
  return (
    <input
      class="rate"
      type="range"
      min="0"
      max="1"
      step="any"
      aria-label="False-accept rate: of pairs of different things, how many may count as the same"
      aria-valuetext={rateInWords(chosen.asked)}
      value={placeOf(chosen.asked, points)}
      onInput={onInput}
      onKeyDown={onKeyDown}
    />
  );
}
