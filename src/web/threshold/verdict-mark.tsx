import type { Verdict } from '../../serve/api.js';
import type { Judged } from './words.js';

const SIGNS: Readonly<Record<Verdict, string>> = {
  same: 'M4.5 8.5l2.5 2.5 4.5-5.5',
  'not the same': 'M5.2 5.2l5.6 5.6M10.8 5.2l-5.6 5.6',
  'near the threshold': 'M4.5 6.6c1.2-1 2.3-1 3.5 0s2.3 1 3.5 0M4.5 10c1.2-1 2.3-1 3.5 0s2.3 1 3.5 0',
};

const CLASSES: Readonly<Record<Verdict, string>> = { same: 'good', 'not the same': 'bad', 'near the threshold': 'warn' };

/** A verdict by sign, word and colour. */
export function VerdictMark({ judged }: { judged: Judged }) {
  return (
    <span class={`verdict ${CLASSES[judged.verdict]}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="7" />
        <path d={SIGNS[judged.verdict]} />
      </svg>
      {judged.words}
    </span>
  );
}
