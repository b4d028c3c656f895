import { describe, expect, it } from 'vitest';
import { differences } from './near.js';

const slack = { relative: 1e-3, absolute: 1e-6 };

describe('the comparison of goldens', () => {
  it('takes numbers as equal within the slack and names those that are not by their path', () => {
    expect(differences({ a: [1, { b: 2 }] }, { a: [1.0005, { b: 2.01 }] }, slack)).toEqual(['/a/1/b: 2 and 2.01']);
    expect(differences([0, 1e-7], [5e-7, 0], slack)).toEqual([]);
  });

  it('finds what is missing on either side, another length, text, null and what is no number', () => {
    expect(differences({ a: 1 }, { b: 1 }, slack)).toHaveLength(2);
    expect(differences([1, 2], [1], slack)).toEqual(['/1: 2 and undefined']);
    expect(differences({ name: 'x' }, { name: 'y' }, slack)).toHaveLength(1);
    expect(differences([null], [0], slack)).toHaveLength(1);
    expect(differences([Number.NaN], [1], slack)).toHaveLength(1);
  });

  it('does not mind which version of a library wrote it', () => {
    expect(differences({ torch: '2.13.0', x: 1 }, { torch: '2.14.0', x: 1 }, slack)).toEqual([]);
    expect(differences({ x: { torch: '1' } }, { x: { torch: '2' } }, slack)).toHaveLength(1);
  });
});
