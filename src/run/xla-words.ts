import type { Progress } from '../progress.js';

/**
 * Says that the first step is compiled, before it: nothing else moves on the terminal until then, for minutes on a card.
 * @param label the phase
 * @param now milliseconds
 * @returns to be called after each step; after the first it says how long that took, its batch included
 */
export function sayCompiling(label: string, progress: Progress, now: () => number): () => void {
  progress.line(`${label}: XLA compiles the step; this takes up to minutes, once a phase`);
  const began = now();
  let said = false;
  return () => {
    if (said) return;
    said = true;
    progress.line(`${label}: XLA compiled the step: ${((now() - began) / 1000).toFixed(0)} s to the end of the first one`);
  };
}
