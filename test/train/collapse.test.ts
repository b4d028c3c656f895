import { describe, expect, it } from 'vitest';
import { answerCollapse, type Restart, rateFactor, restartInWords } from '../../src/run/collapse-answer.js';
import { type CollapseWatch, collapsedEpoch, looksCollapsed } from '../../src/train/collapse.js';

const triplet: CollapseWatch = { margin: 0.2, distance: 'euclidean', classes: null };
const classifier: CollapseWatch = { margin: null, distance: 'euclidean', classes: 100 };

describe('a step', () => {
  it.each([
    ['euclidean', 0.00501, 0.00499],
    ['squared-euclidean', 0.00501 ** 2, 0.00499 ** 2],
    ['cosine', 0.00501 ** 2 / 2, 0.00499 ** 2 / 2],
  ] as const)('looks collapsed where mean d(a,n) stands for less than 0.005 between unit vectors (%s)', (distance, far, near) => {
    expect(looksCollapsed({ negative: far, spread: 1 }, { ...triplet, distance })).toBeNull();
    expect(looksCollapsed({ negative: near, spread: 1 }, { ...triplet, distance })).toEqual({ sign: 'distances', value: near });
  });

  it('is held to a fortieth of a small margin', () => {
    expect(looksCollapsed({ negative: 0.003 }, { ...triplet, margin: 0.1 })).toBeNull();
    expect(looksCollapsed({ negative: 0.0024 }, { ...triplet, margin: 0.1 })?.sign).toBe('distances');
  });

  it('looks collapsed where all features are the same, in either phase', () => {
    expect(looksCollapsed({ negative: 1, spread: 1.2e-5 }, triplet)).toEqual({ sign: 'features', value: 1.2e-5 });
    expect(looksCollapsed({ loss: 4.6, spread: 0 }, classifier)?.sign).toBe('features');
    expect(looksCollapsed({ loss: 4.6, spread: 1.3e-5 }, classifier)).toBeNull();
  });
});

describe('an epoch', () => {
  const epoch = (over: object, figures: Record<string, number> = {}) => ({
    epoch: 2,
    steps: 20,
    figures: { loss: Math.log(100), accuracy: 0.01, ...figures },
    ...over,
  });

  it('is collapsed where the embeddings lie on one line', () => {
    expect(collapsedEpoch(epoch({}, { loss: 1 }), 1.09, classifier)).toEqual({ sign: 'rank', value: 1.09 });
    expect(collapsedEpoch(epoch({}, { loss: 1 }), 1.11, classifier)).toBeNull();
    expect(collapsedEpoch(epoch({}), null, triplet)).toBeNull();
  });

  it('is stuck where the loss is still log(classes) after the first epoch, and only then', () => {
    expect(collapsedEpoch(epoch({}), 30, classifier)).toEqual({ sign: 'chance', value: Math.log(100) });
    expect(collapsedEpoch(epoch({}, { loss: 4.585 }), 30, classifier)?.sign).toBe('chance');
    expect(collapsedEpoch(epoch({}, { loss: 4.58 }), 30, classifier)).toBeNull();
    expect(collapsedEpoch(epoch({}, { accuracy: 0.02 }), 30, classifier)).toBeNull();
    expect(collapsedEpoch(epoch({ epoch: 1 }), 30, classifier)).toBeNull();
    expect(collapsedEpoch(epoch({ steps: 19 }), 30, classifier)).toBeNull();
  });
});

describe('the answer to a collapse', () => {
  const collapse = { sign: 'distances', value: 0.0012345, steps: 8, epoch: 1, step: 11 } as const;
  const answer = (onCollapse: 'stop' | 'restart-smaller' | 'batch-easy', restarts: Restart[] = []) =>
    answerCollapse('triplet', collapse, { onCollapse, rate: 0.5 }, restarts);

  it('stop says what was seen, where, and what to lower', () => {
    expect(() => answer('stop')).toThrow(
      [
        'the triplet phase, epoch 1, step 11 of the phase: the triplet phase has collapsed: all images get the same embedding (mean d(a,n) 0.0012 for 8 steps), so the loss can only be the margin',
        '  do this:  start again with a lower rate, e.g. --set triplet.rate=0.05, or --set triplet.clipNorm=1; --set triplet.onCollapse=restart-smaller lowers the rate by itself',
      ].join('\n'),
    );
  });

  it('restart-smaller takes a tenth of the rate, twice, and then gives up', () => {
    const first = answer('restart-smaller');
    expect(first).toMatchObject({ answer: 'restart-smaller', epoch: 1, step: 11 });
    const second = answer('restart-smaller', [first]);
    expect(rateFactor([first, second])).toBeCloseTo(0.01, 12);
    expect(restartInWords('triplet', second, 0.5 * rateFactor([first, second]))).toContain('starts again with the rate 0.005');
    expect(() => answer('restart-smaller', [first, second])).toThrow(
      'has collapsed, after restart-smaller and restart-smaller too: ',
    );
    expect(() => answer('restart-smaller', [first, second])).toThrow('--set triplet.rate=0.0005');
  });

  it('batch-easy starts once with the easiest triplets, at the same rate', () => {
    const first = answer('batch-easy');
    expect([first.answer, rateFactor([first])]).toEqual(['batch-easy', 1]);
    expect(() => answer('batch-easy', [first])).toThrow('after batch-easy too');
  });
});
