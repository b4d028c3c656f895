import { describe, expect, it } from 'vitest';
import { figuresOf, flatParameters } from '../../src/track/figures.js';

describe('the figures of a line of metrics.jsonl', () => {
  it('are its numbers under the name of the phase, those in mappings below them, and histograms of one set of edges', () => {
    const figures = figuresOf({
      phase: 'triplet',
      epoch: 3,
      loss: 0.25,
      validation: null,
      best_so_far: true,
      note: 'words',
      gradient_norm: { conv4: 1.5, conv5: 0.5 },
      distances: { edges: [0, 1, 4], positive: [2, 5], negative: [0, 3], pairs: 10 },
      ranks: [1, 2],
      broken: { edges: [0, 1], counts: [1, 2, 3] },
      empty: { edges: [0], counts: [] },
    });
    expect(figures?.phase).toBe('triplet');
    expect(figures?.epoch).toBe(3);
    expect(Object.fromEntries(figures?.scalars ?? [])).toEqual({
      'triplet/loss': 0.25,
      'triplet/best_so_far': 1,
      'triplet/gradient_norm/conv4': 1.5,
      'triplet/gradient_norm/conv5': 0.5,
      'triplet/distances/pairs': 10,
    });
    expect(Object.fromEntries(figures?.histograms ?? [])).toEqual({
      'triplet/distances/positive': { edges: [0, 1, 4], counts: [2, 5] },
      'triplet/distances/negative': { edges: [0, 1, 4], counts: [0, 3] },
    });
  });

  it('are none where the line tells of no epoch', () => {
    expect(figuresOf({ loss: 1 })).toBeUndefined();
    expect(figuresOf({ phase: 'triplet', epoch: null, loss: 1 })).toBeUndefined();
  });
});

describe('the parameters of a recipe', () => {
  it('are its keys joined by points, lists as text, without what is null', () => {
    expect(
      flatParameters({ seed: 0, data: { side: 64, folder: null, shares: [0.1, 0.3] }, head: { init: 'pca' }, strict: false }),
    ).toEqual({
      seed: 0,
      'data.side': 64,
      'data.shares': '[0.1,0.3]',
      'head.init': 'pca',
      strict: false,
    });
  });
});
