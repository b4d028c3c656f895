import type { Difference } from './bootstrap.js';

const WATCHED = [
  ['recall_at_1', 'Recall@1'],
  ['map_at_r', 'MAP@R'],
] as const;

/**
 * What a change did for the worse, beyond chance, and what it gave for it: 'lowered Recall@1, though it raised MAP@R'; null where
 * it lowered neither.
 */
export function loweredInWords(difference: Readonly<Record<string, Difference | undefined>>): string | null {
  const those = (verdict: Difference['verdict']) =>
    WATCHED.filter(([metric]) => difference[metric]?.verdict === verdict).map(([, name]) => name);
  const lowered = those('worse');
  if (lowered.length === 0) return null;
  const raised = those('better');
  return `lowered ${lowered.join(' and ')}${raised.length === 0 ? '' : `, though it raised ${raised.join(' and ')}`}`;
}
