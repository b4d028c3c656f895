import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { onlyRun, outcome, readLines, sharedFolder, TINY, trainParts } from '../run/runs.js';

describe('a run that mixes, crops and covers', () => {
  const root = sharedFolder();
  const keys = [
    ...TINY,
    // A size of its own: the cached pixels that it takes away are no other test's.
    'data.side=40',
    'head.init=random',
    'classification.epochs=2',
    'classification.mix={mixup: 0.4, cutmix: 1, probability: 0.8}',
    'classification.sampler=class-balanced',
    'classification.labelSmoothing=0.1',
    'triplet.epochs=2',
    'triplet.sampler=cover',
    'data.augment.crop={area: [0.4, 1]}',
    'data.augment.randAugment={}',
    'data.augment.blur={}',
    'data.augment.erase={fill: noise}',
  ];

  it('goes on to the same weights after it was stopped and its pixels were taken away, and logs its coverage', async () => {
    const whole = (await trainParts(join(root, 'whole'), keys)).path;
    let path: string | undefined;
    let stops = 0;
    for (const allowed of [5, 6, 7, Number.POSITIVE_INFINITY]) {
      try {
        path = (
          await trainParts(join(root, 'parts'), keys, {
            allowed,
            dropPixels: true,
            ...(path === undefined ? {} : { resume: path }),
          })
        ).path;
      } catch {
        stops++;
        path ??= onlyRun(join(root, 'parts'));
      }
    }
    expect(stops).toBe(3);
    expect(outcome(path as string)).toEqual(outcome(whole));
    for (const line of readLines(whole, 'metrics.jsonl').filter((one) => one.coverage !== undefined)) {
      const { drawn, of, repeats } = line.coverage;
      const draws = line.steps * (line.phase === 'classification' ? 8 : 6);
      expect(drawn + repeats).toBe(draws);
      if (line.phase === 'triplet') expect(drawn).toBe(of);
    }
  });
});
