import { describe, expect, it } from 'vitest';
import {
  compareCodePoints,
  createDataset,
  type Dataset,
  sharedAcrossClasses,
  singleImageClasses,
  withoutUnreadable,
} from '../../src/data/dataset.js';
import { describeDataset } from '../../src/data/describe.js';
import { denseLabels, splitByClass, validationClasses } from '../../src/data/split.js';

function made(classes: string[], each = 2): Dataset {
  return createDataset(
    'made',
    classes.flatMap((className) =>
      Array.from({ length: each }, (_, i) => ({
        file: `${className}/${i}.png`,
        className,
        path: `/x/${className}/${i}.png`,
        sha256: `${className}-${i}`,
      })),
    ),
    [],
  );
}

describe('a data set', () => {
  it('sorts classes and images by code point, as Python does', () => {
    // Python: sorted(['b', 'Z', 'é', '😀', '\ufb01', 'a-b', 'a'])
    expect(made(['b', 'Z', 'é', '😀', '\ufb01', 'a-b', 'a']).classes).toEqual(['Z', 'a', 'a-b', 'b', 'é', '\ufb01', '😀']);
    expect(['a', '', 'ab'].sort(compareCodePoints)).toEqual(['', 'a', 'ab']);
    expect(['😁', '😀'].sort(compareCodePoints)).toEqual(['😀', '😁']);
  });

  it('has a fingerprint of classes, names and contents, whatever the order they came in and wherever they lie', () => {
    const a = { file: 'a/1.png', className: 'a', path: '/x/a/1.png', sha256: '1' };
    const b = { file: 'b/1.png', className: 'b', path: '/x/b/1.png', sha256: '2' };
    const { fingerprint } = createDataset('one', [a, b], []);
    expect(createDataset('two', [b, { ...a, path: '/elsewhere' }], []).fingerprint).toBe(fingerprint);
    expect(createDataset('one', [a, { ...b, sha256: '3' }], []).fingerprint).not.toBe(fingerprint);
    expect(createDataset('one', [a, { ...b, className: 'c' }], []).fingerprint).not.toBe(fingerprint);
    expect(createDataset('one', [a], []).fingerprint).not.toBe(fingerprint);
  });

  it('loses unreadable images, and with its last one a class', () => {
    const dataset = withoutUnreadable(made(['a', 'b', 'c']), [
      { file: 'b/0.png', reason: 'cut short' },
      { file: 'b/1.png', reason: 'cut short' },
      { file: 'a/1.png', reason: 'no image' },
    ]);
    expect(dataset.classes).toEqual(['a', 'c']);
    expect(dataset.samples.map(({ file, class: number }) => [file, number])).toEqual([
      ['a/0.png', 0],
      ['c/0.png', 1],
      ['c/1.png', 1],
    ]);
    expect(dataset.skipped).toHaveLength(3);
    expect(singleImageClasses(dataset)).toEqual(['a']);
  });

  it('finds the same file under two classes', () => {
    const image = (className: string, name: string, sha256: string) => ({
      file: `${className}/${name}`,
      className,
      path: '',
      sha256,
    });
    const dataset = createDataset(
      'made',
      [image('a', '1', 'x'), image('a', '2', 'x'), image('b', '1', 'y'), image('c', '1', 'y')],
      [],
    );
    expect(sharedAcrossClasses(dataset)).toEqual([[2, 3]]);
    expect(describeDataset(dataset).join('\n')).toContain('1 image lies in more than one class, so a label is wrong: b/1 = c/1');
  });
});

describe('splitByClass', () => {
  it('trains on even and holds out odd numbers of the sorted classes: split(y) of the peer', () => {
    const dataset = made(['e', 'd', 'c', 'b', 'a'], 3);
    const split = splitByClass(dataset);
    // numpy.flatnonzero(y % 2 == 0), numpy.flatnonzero(y % 2 == 1) for y = repeat(arange(5), 3)
    expect([...split.train.samples]).toEqual([0, 1, 2, 6, 7, 8, 12, 13, 14]);
    expect([...split.heldOut.samples]).toEqual([3, 4, 5, 9, 10, 11]);
    expect(split.train.classes).toEqual([0, 2, 4]);
    expect(split.heldOut.classes).toEqual([1, 3]);
    expect(split.validation.samples).toHaveLength(0);
    expect([...splitByClass(dataset, { heldOut: 'even-classes' }).train.samples]).toEqual([3, 4, 5, 9, 10, 11]);
  });

  it('takes validation classes from the training side only, seeded, and numbers the rest anew', () => {
    const dataset = made(Array.from({ length: 40 }, (_, i) => `c${String(i).padStart(2, '0')}`));
    const split = splitByClass(dataset, { validation: 0.25, seed: 3 });
    expect(split.validation.classes).toHaveLength(5);
    expect(split.validation.classes.every((number) => number % 2 === 0)).toBe(true);
    expect([...split.train.classes, ...split.validation.classes].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => 2 * i),
    );
    expect(splitByClass(dataset, { validation: 0.25, seed: 3 })).toEqual(split);
    expect(splitByClass(dataset, { validation: 0.25, seed: 4 }).validation.classes).not.toEqual(split.validation.classes);
    expect([...denseLabels(dataset, split.train)]).toEqual(Array.from({ length: 30 }, (_, i) => i >> 1));
  });

  it('never leaves one class alone in a part', () => {
    expect(validationClasses([0, 2, 4, 6, 8], 0.1, 0)).toHaveLength(2);
    expect(validationClasses([0, 2, 4, 6, 8], 0.9, 0)).toHaveLength(3);
    expect(validationClasses([0, 2, 4], 0.5, 0)).toEqual([]);
    expect(validationClasses([0, 2, 4, 6, 8], 0, 0)).toEqual([]);
  });

  it('refuses three classes, and says how many it needs', () => {
    expect(() => splitByClass(made(['a', 'b', 'c']))).toThrow('at least 4 classes: two to train on and two to prove it on');
  });
});
