import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../src/evaluate/bootstrap.js';
import { loweredInWords } from '../../src/evaluate/lowered.js';

const changed = (recall: Verdict, map: Verdict) => {
  const one = (verdict: Verdict) => ({ value: 0, low: 0, high: 0, standard_error: 0, verdict });
  return loweredInWords({ recall_at_1: one(recall), map_at_r: one(map) });
};

describe('what a change did for the worse', () => {
  it('names the metrics that fell beyond chance, and those that rose', () => {
    expect(changed('worse', 'worse')).toBe('lowered Recall@1 and MAP@R');
    expect(changed('worse', 'better')).toBe('lowered Recall@1, though it raised MAP@R');
    expect(changed('no clear difference', 'worse')).toBe('lowered MAP@R');
  });

  it('is nothing where neither fell', () => {
    expect(changed('better', 'no clear difference')).toBeNull();
  });
});
