import { compareCodePoints, type Dataset, type Sample } from './dataset.js';
import { deriveSeed, randomStream, shuffleInPlace } from './random.js';
import { nearestSubset } from './split-subset.js';
import type { Unit } from './split-units.js';

/** The units of each class in a seeded order that depends on the class and on its units alone: another class changes nothing. */
export function shuffledByClass(dataset: Dataset, units: readonly Unit[], seed: number, purpose: string): Map<number, Unit[]> {
  const byClass = new Map<number, Unit[]>();
  for (const unit of units) {
    const { class: number } = dataset.samples[unit.samples[0] as number] as Sample;
    const list = byClass.get(number);
    if (list === undefined) byClass.set(number, [unit]);
    else list.push(unit);
  }
  return new Map(
    [...byClass]
      .sort(([a], [b]) => a - b)
      .map(([number, list]) => {
        const sorted = [...list].sort((a, b) => compareCodePoints(a.name, b.name));
        const stream = randomStream(deriveSeed(seed, `${purpose}/${dataset.classes[number]}`), 'shuffle');
        return [number, shuffleInPlace([...sorted.keys()], stream).map((place) => sorted[place] as Unit)];
      }),
  );
}

/**
 * How many images of each class a share comes to, by the largest remainder: ⌊share · n⌋ of each class, and one more for those
 * with the largest fractions until the whole is round(share · N). Equal fractions: the larger class first, then the earlier.
 */
export function largestRemainder(sizes: ReadonlyMap<number, number>, share: number): Map<number, number> {
  const quotas = [...sizes].map(([number, size]) => ({
    number,
    size,
    whole: Math.floor(share * size + 1e-9),
    exact: share * size,
  }));
  const images = quotas.reduce((sum, { size }) => sum + size, 0);
  let left = Math.round(share * images) - quotas.reduce((sum, { whole }) => sum + whole, 0);
  const fraction = ({ exact, whole }: (typeof quotas)[number]) => Math.round((exact - whole) * 1e9);
  for (const quota of [...quotas].sort((a, b) => fraction(b) - fraction(a) || b.size - a.size || a.number - b.number)) {
    if (left-- <= 0) break;
    quota.whole++;
  }
  return new Map(quotas.map(({ number, whole }) => [number, whole]));
}

/**
 * Takes a share of each class, whole units, as near to its largest-remainder quota as they allow. At least one unit of a class
 * stays; at least one is taken of a class that has two, unless `fewest` is 0.
 */
export function takeShare(byClass: ReadonlyMap<number, readonly Unit[]>, share: number, fewest: 0 | 1): Unit[] {
  const imagesOf = (units: readonly Unit[]) => units.reduce((sum, unit) => sum + unit.samples.length, 0);
  const quotas = largestRemainder(new Map([...byClass].map(([number, units]) => [number, imagesOf(units)])), share);
  return [...byClass].flatMap(([number, units]) =>
    nearestSubset(
      units.map((unit) => unit.samples.length),
      quotas.get(number) as number,
      fewest,
      1,
    ).map((place) => units[place] as Unit),
  );
}

/**
 * One of k stratified folds: each class's units are dealt in turn to the fold that has the fewest images of the class, then the
 * fewest of all. So a class of m single images gives each fold ⌊m/k⌋ or ⌈m/k⌉. A class with a single unit is in no fold: it
 * trains.
 */
export function takeFold(byClass: ReadonlyMap<number, readonly Unit[]>, folds: number, take: number): Unit[] {
  return dealFolds(byClass, folds)[take] as Unit[];
}

/** The k folds that `takeFold` takes one of. */
export function dealFolds(byClass: ReadonlyMap<number, readonly Unit[]>, folds: number): Unit[][] {
  const dealt = Array.from({ length: folds }, () => [] as Unit[]);
  const all = new Int32Array(folds);
  for (const units of byClass.values()) {
    if (units.length < 2) continue;
    const own = new Int32Array(folds);
    for (const unit of [...units].sort((a, b) => b.samples.length - a.samples.length)) {
      let best = 0;
      for (let fold = 1; fold < folds; fold++) {
        const difference = (own[fold] as number) - (own[best] as number) || (all[fold] as number) - (all[best] as number);
        if (difference < 0) best = fold;
      }
      (dealt[best] as Unit[]).push(unit);
      own[best] = (own[best] as number) + unit.samples.length;
      all[best] = (all[best] as number) + unit.samples.length;
    }
  }
  return dealt;
}
