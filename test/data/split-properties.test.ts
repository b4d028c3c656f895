import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDataset, type Dataset, type LabelledImage, type Sample } from '../../src/data/dataset.js';
import { describeSplit } from '../../src/data/duplicates.js';
import { foldsOfClasses, type Part, type Split, type SplitRule, splitDataset } from '../../src/data/split.js';
import { largestRemainder } from '../../src/data/split-stratified.js';
import { nearestSubset } from '../../src/data/split-subset.js';

const rule = (by: SplitRule['by'], more: Partial<SplitRule> = {}): SplitRule => ({
  by,
  heldOut: 'odd-classes',
  share: 0.2,
  validation: 0,
  fold: null,
  seed: 0,
  ...more,
});

interface Given {
  className: string;
  group?: string;
  part?: Sample['part'];
  fold?: string;
  /** What is in the file; its own where none is given. */
  content?: string;
}

function dataset(images: readonly Given[], order: (images: LabelledImage[]) => LabelledImage[] = (list) => list): Dataset {
  const made = images.map(({ className, group, part, fold, content }, i): LabelledImage => {
    const file = `${className}/${String(i).padStart(5, '0')}.png`;
    return {
      file,
      className,
      path: `/x/${file}`,
      sha256: content ?? file,
      ...(group === undefined ? {} : { group }),
      ...(part === undefined ? {} : { part }),
      ...(fold === undefined ? {} : { levels: { fold } }),
    };
  });
  return createDataset('made', order(made), []);
}

const ofSizes = (sizes: readonly number[]) =>
  dataset(sizes.flatMap((size, c) => Array.from({ length: size }, () => ({ className: `c${String(c).padStart(3, '0')}` }))));

const partsIn = (split: Split): readonly Part[] => [split.train, split.validation, split.heldOut];

/** Every image is in exactly one part, and a part's classes are those of its images. */
function isPartition(data: Dataset, split: Split): void {
  const all = partsIn(split).flatMap((part) => [...part.samples]);
  expect(all.sort((a, b) => a - b)).toEqual(data.samples.map((_, index) => index));
  for (const part of partsIn(split)) {
    const classes = new Set([...part.samples].map((sample) => data.samples[sample]?.class as number));
    expect(part.classes).toEqual([...classes].sort((a, b) => a - b));
  }
}

/** How many images of each class a part has. */
function countsOf(data: Dataset, part: Part): number[] {
  const counts = data.classes.map(() => 0);
  for (const sample of part.samples) {
    const number = data.samples[sample]?.class as number;
    counts[number] = (counts[number] as number) + 1;
  }
  return counts;
}

/** The values of some key that lie in more than one part. */
function acrossParts(data: Dataset, split: Split, keyOf: (sample: Sample) => string | undefined): string[] {
  const seen = new Map<string, Set<number>>();
  partsIn(split).forEach((part, number) => {
    for (const index of part.samples) {
      const key = keyOf(data.samples[index] as Sample);
      if (key !== undefined) seen.set(key, (seen.get(key) ?? new Set()).add(number));
    }
  });
  return [...seen].filter(([, parts]) => parts.size > 1).map(([key]) => key);
}

const sizes = fc.array(fc.integer({ min: 1, max: 14 }), { minLength: 4, maxLength: 12 });
const images = fc
  .array(
    fc.record({
      className: fc.integer({ min: 0, max: 4 }).map((c) => `c${c}`),
      group: fc.option(
        fc.integer({ min: 0, max: 12 }).map((g) => `g${g}`),
        { nil: undefined },
      ),
      content: fc.option(
        fc.integer({ min: 0, max: 15 }).map((x) => `x${x}`),
        { nil: undefined },
      ),
    }),
    { minLength: 8, maxLength: 60 },
  )
  .map((list) =>
    list.map(({ className, group, content }) => ({ className, ...(group && { group }), ...(content && { content }) })),
  );

describe('nearestSubset', () => {
  it('comes as near to its target as any of all subsets that it may choose', () => {
    const run = fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 9 }),
      fc.integer({ min: 0, max: 40 }),
      fc.constantFrom<0 | 1>(0, 1),
      fc.constantFrom<0 | 1>(0, 1),
      (list, target, fewest, spare) => {
        let best = Number.POSITIVE_INFINITY;
        for (let bits = 0; bits < 1 << list.length; bits++) {
          const chosen = list.filter((_, i) => bits & (1 << i));
          if (chosen.length < fewest || chosen.length > list.length - spare) continue;
          best = Math.min(best, Math.abs(chosen.reduce((a, b) => a + b, 0) - target));
        }
        const found = nearestSubset(list, target, fewest, spare);
        expect(new Set(found).size).toBe(found.length);
        expect(found.length).toBeGreaterThanOrEqual(fewest);
        expect(found.length).toBeLessThanOrEqual(list.length - spare);
        expect(Math.abs(found.reduce((sum, i) => sum + (list[i] as number), 0) - target)).toBe(best);
      },
    );
    fc.assert(run, { numRuns: 300 });
  });

  it('of a single item takes none where one must stay', () => {
    expect(nearestSubset([3], 3, 1, 1)).toEqual([]);
    expect(nearestSubset([3], 3, 0, 1)).toEqual([]);
  });
});

describe('largestRemainder', () => {
  it('gives seats as it is done by hand', () => {
    // .2 of 12, 8, 5, 1: 2.4, 1.6, 1.0, 0.2; the sum 5.2 is 5 whole ones, 4 are given, the largest fraction (.6) gets the fifth
    const seats = largestRemainder(
      new Map([
        [0, 12],
        [1, 8],
        [2, 5],
        [3, 1],
      ]),
      0.2,
    );
    expect([...seats]).toEqual([
      [0, 2],
      [1, 2],
      [2, 1],
      [3, 0],
    ]);
  });
});

describe('a split by class', () => {
  it('by a share holds out that many classes, seeded, and no class is on two sides', () => {
    const data = ofSizes(Array.from({ length: 30 }, () => 3));
    const split = splitDataset(data, rule('class', { heldOut: 'share', share: 0.3, validation: 0.2, seed: 5 }));
    expect(partsIn(split).map((part) => part.classes.length)).toEqual([17, 4, 9]);
    expect(split.kind).toBe('open');
    isPartition(data, split);
    expect(splitDataset(data, rule('class', { heldOut: 'share', share: 0.3, validation: 0.2, seed: 6 })).heldOut).not.toEqual(
      split.heldOut,
    );
  });

  it('into folds holds every class out once, as many classes in each, balanced by images', () => {
    const run = fc.property(sizes, fc.integer({ min: 2, max: 6 }), fc.nat(9), (list, folds, seed) => {
      const dealt = foldsOfClasses(list, folds, seed);
      expect(dealt.flat().sort((a, b) => a - b)).toEqual(list.map((_, c) => c));
      dealt.forEach((fold, at) => {
        expect(fold.length).toBe(Math.floor(list.length / folds) + (at < list.length % folds ? 1 : 0));
      });
      const images = dealt.map((fold) => fold.reduce((sum, c) => sum + (list[c] as number), 0));
      const sorted = [...list].sort((a, b) => b - a);
      const lastRound = list.length % folds === 0 ? 0 : (sorted[list.length - (list.length % folds)] as number);
      expect(Math.max(...images) - Math.min(...images)).toBeLessThanOrEqual((sorted[0] as number) + lastRound);
    });
    fc.assert(run, { numRuns: 200 });
  });

  it('takes the fold that is asked for, and refuses one that is not there or folds of one class', () => {
    const data = ofSizes([9, 1, 5, 5, 3, 3, 2, 2]);
    const held = [0, 1, 2].map((take) => splitDataset(data, rule('class', { fold: { of: 3, take } })).heldOut.classes);
    expect(held.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(() => splitDataset(data, rule('class', { fold: { of: 3, take: 3 } }))).toThrow(
      'data.fold.take: there is no such fold',
    );
    expect(() => splitDataset(data, rule('class', { fold: { of: 5, take: 0 } }))).toThrow('at least 10 classes for 5 folds');
  });
});

describe('a split by image', () => {
  it('has every class of two or more images on both sides, its share by the largest remainder, and the rest in training', () => {
    const run = fc.property(sizes, fc.double({ min: 0.05, max: 0.6, noNaN: true }), fc.nat(99), (list, share, seed) => {
      if (list.every((size) => size === 1)) return;
      const data = ofSizes(list);
      const split = splitDataset(data, rule('image', { share, validation: 0.2, seed }));
      isPartition(data, split);
      expect(split.kind).toBe('closed');
      const quotas = largestRemainder(new Map(list.map((size, c) => [c, size])), share);
      const held = countsOf(data, split.heldOut);
      const train = countsOf(data, split.train);
      list.forEach((size, c) => {
        expect(held[c]).toBe(size === 1 ? 0 : Math.min(size - 1, Math.max(1, quotas.get(c) as number)));
        expect(train[c]).toBeGreaterThanOrEqual(1);
      });
    });
    fc.assert(run, { numRuns: 100 });
  });

  it('does not depend on the order in which files were found, and another class changes nothing', () => {
    const list = Array.from({ length: 40 }, (_, i) => ({ className: `c${i % 4}` }));
    const filesOf = (data: Dataset, part: Part) => [...part.samples].map((index) => data.samples[index]?.file as string);
    const data = dataset(list);
    const turned = dataset(list, (all) => all.reverse());
    const split = splitDataset(data, rule('image', { seed: 7, validation: 0.1 }));
    expect(splitDataset(turned, rule('image', { seed: 7, validation: 0.1 }))).toEqual(split);
    const more = dataset([...list, ...Array.from({ length: 10 }, () => ({ className: 'a' }))]);
    const again = splitDataset(more, rule('image', { seed: 7, validation: 0.1 }));
    expect(filesOf(more, again.heldOut).filter((file) => !file.startsWith('a/'))).toEqual(filesOf(data, split.heldOut));
  });

  it('keeps equal files on one side, lets contradicting ones train, and says how many and which classes go short', () => {
    const data = dataset([
      ...Array.from({ length: 10 }, (_, i) => ({ className: 'a', content: `a${i >> 1}` })),
      ...Array.from({ length: 10 }, () => ({ className: 'b' })),
      { className: 'c' },
      { className: 'd', content: 'shared' },
      { className: 'e', content: 'shared' },
      { className: 'e' },
      { className: 'e' },
    ]);
    for (let seed = 0; seed < 20; seed++) {
      const split = splitDataset(data, rule('image', { share: 0.3, validation: 0.2, seed }));
      isPartition(data, split);
      expect(acrossParts(data, split, (sample) => sample.sha256)).toEqual([]);
      const shared = data.samples.flatMap((sample, index) => (sample.sha256 === 'shared' ? [index] : []));
      for (const index of shared) expect(split.train.samples).toContain(index);
      expect(countsOf(data, split.heldOut)).toEqual([expect.any(Number), 3, 0, 0, 1]);
      expect([2, 4]).toContain(countsOf(data, split.heldOut)[0]);
      expect(split.notes).toEqual([
        '2 classes without a held-out image, because there is nothing to spare: c, d',
        '6 files equal to another byte by byte: kept on one side of the split',
      ]);
    }
  });

  it('into folds holds out every image of a class of two or more exactly once, ⌊m/k⌋ or ⌈m/k⌉ of it at a time', () => {
    const run = fc.property(sizes, fc.integer({ min: 2, max: 5 }), (list, folds) => {
      if (list.filter((size) => size >= folds).length < 2) return;
      const data = ofSizes(list);
      const times = new Int32Array(data.samples.length);
      for (let take = 0; take < folds; take++) {
        const split = splitDataset(data, rule('image', { fold: { of: folds, take } }));
        isPartition(data, split);
        countsOf(data, split.heldOut).forEach((count, c) => {
          const size = list[c] as number;
          expect(count).toBeGreaterThanOrEqual(size === 1 ? 0 : Math.floor(size / folds));
          expect(count).toBeLessThanOrEqual(size === 1 ? 0 : Math.ceil(size / folds));
        });
        for (const sample of split.heldOut.samples) times[sample] = (times[sample] as number) + 1;
      }
      data.samples.forEach((sample, index) => {
        expect(times[index]).toBe(list[sample.class] === 1 ? 0 : 1);
      });
    });
    fc.assert(run, { numRuns: 60 });
  });

  it('refuses a set in which every image is the only one of its class', () => {
    expect(() => splitDataset(ofSizes([1, 1, 1]), rule('image'))).toThrow('cannot be split by image');
  });
});

describe('a split by group', () => {
  it('never has a group or a file on two sides, whatever the groups are', () => {
    let refused = 0;
    const run = fc.property(images, fc.nat(20), fc.option(fc.integer({ min: 2, max: 4 }), { nil: null }), (list, seed, folds) => {
      const data = dataset(list);
      let split: Split;
      try {
        split = splitDataset(
          data,
          rule('group', { share: 0.3, validation: 0.2, seed, fold: folds === null ? null : { of: folds, take: 0 } }),
        );
      } catch (error) {
        expect(String(error)).toMatch(/cannot be split by|too few groups/);
        refused++;
        return;
      }
      isPartition(data, split);
      expect(acrossParts(data, split, (sample) => sample.group)).toEqual([]);
      expect(acrossParts(data, split, (sample) => sample.sha256)).toEqual([]);
      const overlap = [...split.train.classes, ...split.validation.classes].some((c) => split.heldOut.classes.includes(c));
      expect(split.kind).toBe(overlap ? 'closed' : 'open');
    });
    fc.assert(run, { numRuns: 200, seed: 1 });
    expect(refused).toBeLessThan(100);
  });

  it('of products filmed several times holds whole films out of every class, as near to its share as they allow', () => {
    const films = [3, 4, 5, 2, 6];
    const list = ['a', 'b', 'c'].flatMap((className) =>
      films.flatMap((length, film) => Array.from({ length }, () => ({ className, group: `${className}-${film}` }))),
    );
    const data = dataset(list);
    const split = splitDataset(data, rule('group', { share: 0.25, validation: 0, seed: 2 }));
    expect(split.kind).toBe('closed');
    expect(countsOf(data, split.heldOut)).toEqual([5, 5, 5]);
    expect(acrossParts(data, split, (sample) => sample.group)).toEqual([]);
  });

  it('is open where each class is of one group: classes of a shop, of a family', () => {
    const list = Array.from({ length: 12 }, (_, c) => c).flatMap((c) =>
      Array.from({ length: 5 }, () => ({ className: `c${c}`, group: `shop${c % 6}` })),
    );
    const data = dataset(list);
    const split = splitDataset(data, rule('group', { share: 1 / 3, validation: 0.25 }));
    expect(split.kind).toBe('open');
    expect(partsIn(split).map((part) => part.samples.length)).toEqual([30, 10, 20]);
    expect(acrossParts(data, split, (sample) => sample.group)).toEqual([]);
  });

  it('of persons in every class comes to the share exactly where it can, and leaves every class trained', () => {
    const list = Array.from({ length: 20 }, (_, person) => person).flatMap((person) =>
      ['happy', 'sad', 'calm'].flatMap((className) =>
        Array.from({ length: 1 + (person % 3) }, () => ({ className, group: `p${person}` })),
      ),
    );
    const data = dataset(list);
    for (let seed = 0; seed < 5; seed++) {
      const split = splitDataset(data, rule('group', { share: 0.25, seed }));
      expect(split.kind).toBe('closed');
      // 20 persons of 3, 6 and 9 images: 117 in all; a quarter is 29, which no sum of multiples of 3 is: 30 is nearest
      expect(split.heldOut.samples).toHaveLength(30);
      expect(split.train.classes).toEqual([0, 1, 2]);
      isPartition(data, split);
    }
  });

  it('says how many images have no group, and refuses where none has one', () => {
    const list = ['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'].map((className, i) => ({
      className,
      ...(i > 1 && { group: `${className}${i >> 2}` }),
    }));
    const split = splitDataset(dataset(list), rule('group', { share: 0.4 }));
    expect(split.notes?.[0]).toBe('2 images without a group: each is a group of its own');
    expect(() => splitDataset(ofSizes([3, 3]), rule('group'))).toThrow('no image says its group');
  });
});

describe('a split by manifest', () => {
  const named = (className: string, part: NonNullable<Sample['part']>, content?: string) => ({
    className,
    part,
    ...(content && { content }),
  });

  it('is what the table says, and draws validation classes where the held-out classes are others', () => {
    const list = Array.from({ length: 8 }, (_, c) => c).flatMap((c) => [
      named(`c${c}`, c < 6 ? 'train' : 'heldOut'),
      named(`c${c}`, c < 6 ? 'train' : 'heldOut'),
    ]);
    const split = splitDataset(dataset(list), rule('manifest', { validation: 0.3 }));
    expect(split.kind).toBe('open');
    expect(split.heldOut.classes).toEqual([6, 7]);
    expect(split.validation.classes).toHaveLength(2);
    expect(split.train.classes.filter((c) => split.validation.classes.includes(c))).toEqual([]);
    isPartition(dataset(list), split);
  });

  it('draws validation images of every class where classes are on both sides, and none where the table has some', () => {
    const list = ['a', 'b'].flatMap((className) =>
      Array.from({ length: 10 }, (_, i) => named(className, i < 8 ? 'train' : 'heldOut')),
    );
    const data = dataset(list);
    const split = splitDataset(data, rule('manifest', { validation: 0.25 }));
    expect(split.kind).toBe('closed');
    expect(partsIn(split).map((part) => countsOf(data, part))).toEqual([
      [6, 6],
      [2, 2],
      [2, 2],
    ]);
    const given = dataset([...list, named('a', 'validation')]);
    expect(splitDataset(given, rule('manifest', { validation: 0.25 })).validation.samples).toHaveLength(1);
  });

  it('takes a fold of a column of folds', () => {
    const data = dataset(Array.from({ length: 12 }, (_, i) => ({ className: `c${i % 2}`, fold: String(i % 3) })));
    const split = splitDataset(data, rule('manifest', { fold: { of: 3, take: 1 } }));
    expect([...split.heldOut.samples].map((index) => data.samples[index]?.levels?.fold)).toEqual(['1', '1', '1', '1']);
    expect(() => splitDataset(data, rule('manifest', { fold: { of: 4, take: 1 } }))).toThrow('found:    0 to 2');
    expect(() => splitDataset(data, rule('manifest'))).toThrow('say which fold is held out');
  });

  it('refuses images without a part by name, a table without parts, and a part of one class', () => {
    const some = dataset([named('a', 'train'), named('b', 'train'), named('a', 'heldOut'), { className: 'b' }]);
    expect(() => splitDataset(some, rule('manifest'))).toThrow('b/00003.png: 1 image of made in no part of the split');
    expect(() => splitDataset(ofSizes([2, 2]), rule('manifest'))).toThrow('no image that says its part');
    const one = dataset([named('a', 'train'), named('b', 'train'), named('a', 'heldOut')]);
    expect(() => splitDataset(one, rule('manifest'))).toThrow('the part test of made holds too little');
  });

  it('leaves equal files where the table has them, and describeSplit names the leak', () => {
    const data = dataset([
      named('a', 'train', 'same'),
      named('b', 'train'),
      named('a', 'heldOut', 'same'),
      named('b', 'heldOut'),
    ]);
    expect(describeSplit(data, splitDataset(data, rule('manifest')))).toEqual([
      '1 image on two sides of the split, byte by byte equal, so the scores are too good: a/00000.png = a/00002.png',
    ]);
  });
});
