import { counted, figure } from '../../report/words.js';
import type { Enrolled } from '../../serve/api.js';

export interface AgreementWords {
  readonly words: string;
  /** True where at least one photo would not count as the class that it was enrolled for. */
  readonly doubtful: boolean;
}

/**
 * How well the photos of an enrolled class agree: their cosines with the prototype, against the threshold for "the same".
 *
 * @param threshold cosine from which on two images count as the same; null where none is calibrated
 */
export function agreementInWords({ images, agreement }: Enrolled, threshold: number | null): AgreementWords {
  const photos = counted(images, 'photo');
  if (agreement === null) return { words: `${photos}, enrolled before this server began.`, doubtful: false };
  if (images === 1) return { words: '1 photo: a second one from another side makes a class surer.', doubtful: false };
  const { smallest, mean } = agreement;
  const cosines = `cosine with their mean direction ${figure(mean)} on average, ${figure(smallest)} at the least`;
  if (threshold === null) return { words: `${photos}; ${cosines}.`, doubtful: false };
  return smallest < threshold
    ? { words: `${photos} that do not agree: ${cosines}, below the threshold of ${figure(threshold)}.`, doubtful: true }
    : { words: `${photos} that agree: ${cosines}.`, doubtful: false };
}

/** What is wrong with a name for a new class; null where it will do. */
export function nameProblem(name: string, enrolled: readonly Enrolled[]): string | null {
  const wanted = name.trim();
  if (wanted === '') return 'Give the class a name.';
  if (enrolled.some((other) => other.class === wanted))
    return `“${wanted}” is enrolled already. Remove it first, or take another name.`;
  return null;
}
