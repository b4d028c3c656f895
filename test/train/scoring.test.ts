import { describe, expect, it } from 'vitest';
import { retrieve } from '../../src/evaluate/retrieval.js';
import { chooseRow, type Row, type RowName, scoreRow } from '../../src/train/scoring.js';
import { u } from './formula.js';

const row = (name: RowName, validationByClass: readonly number[], dimensions = 8) => ({
  name,
  dimensions,
  validation: validationByClass.reduce((sum, one) => sum + one, 0) / validationByClass.length,
  validationByClass,
});
const chosen = (...rows: Pick<Row, 'name' | 'dimensions' | 'validation' | 'validationByClass'>[]) => {
  const { row: found, reason } = chooseRow(rows, 8);
  return [found.name, reason];
};

describe('the row that is exported', () => {
  it('is the last one where its classes do not agree that an earlier one is better', () => {
    // Differences .1, −.05, .04: mean .03, standard error over three classes .0436.
    expect(chosen(row('classification-whitened', [0.8, 0.6, 0.74]), row('triplet-whitened', [0.7, 0.65, 0.7]))).toEqual([
      'triplet-whitened',
      'the last row within a standard error of the highest MAP@R on the validation classes (0.683; classification-whitened 0.713)',
    ]);
  });

  it('is an earlier one where its classes agree', () => {
    // Differences .03, .04, .02: the error is .0058.
    expect(chosen(row('classification-whitened', [0.73, 0.69, 0.72]), row('triplet-whitened', [0.7, 0.65, 0.7]))).toEqual([
      'classification-whitened',
      'the highest MAP@R on the validation classes (0.713)',
    ]);
  });

  it('is the last of several that are near enough to the highest, each set against the highest', () => {
    const best = row('classification-whitened', [0.8, 0.6, 0.7]);
    const near = row('triplet', [0.7, 0.68, 0.69]);
    const far = row('triplet-whitened', [0.6, 0.4, 0.5]);
    expect(chosen(best, near, far)[0]).toBe('triplet');
  });

  it('is the highest where one class alone chooses, or a run does not say what its classes got', () => {
    expect(chosen(row('classification-whitened', [0.8]), row('triplet-whitened', [0.79]))[0]).toBe('classification-whitened');
    const [a, b] = [row('classification-whitened', [0.8, 0.6]), row('triplet-whitened', [0.6, 0.79])];
    expect(chosen({ ...a, validationByClass: [] }, { ...b, validationByClass: [] })[0]).toBe('classification-whitened');
  });

  it('has the dimensions that were asked for, where there is such a row', () => {
    expect(chosen(row('before', [0.9, 0.9], 64), row('before-whitened', [0.5, 0.5]))[0]).toBe('before-whitened');
    expect(chosen(row('before', [0.9, 0.9], 64), row('classification', [0.5, 0.5], 64))[0]).toBe('before');
  });
});

describe('a row of scores', () => {
  it('has the validation MAP@R of each class, in the order of their numbers', () => {
    const labels = Int32Array.of(7, 7, 2, 2, 2, 5, 7, 5);
    const part = (name: string) => ({ values: Float32Array.from(u(name, 8 * 4)), dimensions: 4, labels });
    const features = { train: part('a'), validation: part('b'), heldOut: part('c') };
    const { validation, validationByClass } = scoreRow('before', features, null, 0);
    const { rows, values } = retrieve(features.validation.values, 4, labels);
    const of = (label: number) => {
      const those = [...rows].flatMap((query, at) => (labels[query] === label ? [values.map_at_r[at] as number] : []));
      return those.reduce((sum, one) => sum + one, 0) / those.length;
    };
    expect(validationByClass).toEqual([of(2), of(5), of(7)]);
    expect(validation).toBeCloseTo((3 * of(2) + 2 * of(5) + 3 * of(7)) / 8, 12);
  });
});
