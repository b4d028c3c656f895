import { figure } from '../../report/words.js';
import { useServer } from '../context.js';
import { RateCurve } from './rate-curve.js';
import { RateSlider } from './rate-slider.js';
import { share } from './rates.js';
import { thresholdInWords } from './words.js';

/** The false-accept rate and what follows from it: the slider, the curve above it on the same axis, the threshold in words. */
export function ThresholdPanel() {
  const { point, thresholds, choosePoint } = useServer();
  if (point === null)
    return (
      <aside class="threshold">
        <h2>No threshold</h2>
        <p class="quiet">
          This model holds no threshold for “the same”: it was not calibrated, as there were too few held-out images. Answers have
          their cosine and distance alone.
        </p>
      </aside>
    );
  return (
    <aside class="threshold" aria-label="Threshold">
      <h2>When are two the same?</h2>
      <RateCurve points={thresholds} chosen={point} />
      <div class="slider-strip">
        <RateSlider points={thresholds} chosen={point} choose={choosePoint} />
        <p class="slider-now small" aria-hidden="true">
          <span>
            FAR <b>{share(point.asked)}</b>
          </span>
          <span>
            the same from <b>{figure(point.threshold)}</b>
            {!point.resolved && ' or more'}
          </span>
        </p>
      </div>
      <div class="threshold-words small">
        {thresholdInWords(point).map((text) => (
          <p key={text} class={text.startsWith('There are too few') ? 'warn' : undefined}>
            {text}
          </p>
        ))}
      </div>
    </aside>
  );
}
