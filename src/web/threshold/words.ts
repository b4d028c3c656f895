import { figure } from '../../report/words.js';
import { verdictOf } from '../../search/nearest.js';
import type { ThresholdPoint, Verdict } from '../../serve/api.js';
import { oneIn, share } from './rates.js';

/** What a similarity means at a threshold, as a mark and as words; null without a threshold. */
export interface Judged {
  readonly verdict: Verdict;
  /** From the threshold on; inside its interval other calibration images might have said otherwise. */
  readonly same: boolean;
  readonly words: string;
}

export function judge(similarity: number, point: ThresholdPoint | null): Judged | null {
  if (point === null) return null;
  const verdict = verdictOf(similarity, point);
  const same = similarity >= point.threshold;
  const side = same ? 'same' : 'not the same';
  return { verdict, same, words: verdict === 'near the threshold' ? `${side}, but near the threshold` : side };
}

/** '0.01 %, one in 10,000'. */
export function rateInWords(rate: number): string {
  const times = oneIn(rate);
  return times === null ? share(rate) : `${share(rate)}, ${times}`;
}

/** The threshold, what it lets through, and how sure that is; a sentence each. */
export function thresholdInWords({ threshold, low, high, far, tar, resolved }: ThresholdPoint): string[] {
  return [
    `Two images count as the same from a cosine of ${figure(threshold)} on (95 % interval ${figure(low)} to ${figure(high)}; inside it an answer says “near the threshold”).`,
    `On the held-out images this accepts ${share(far)} of the pairs of different classes and ${share(tar)} of the pairs of the same class.`,
    ...(resolved
      ? []
      : ['There are too few held-out pairs for so small a rate: this threshold is a lower bound, the right one may be higher.']),
  ];
}
