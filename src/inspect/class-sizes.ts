/** How many images the classes have, and how unequally. */
export interface ClassSizes {
  /** Images of each class, by class number. */
  readonly images: readonly number[];
  readonly smallest: number;
  readonly median: number;
  readonly largest: number;
  /** Largest by smallest. */
  readonly ratio: number;
  /** Gini coefficient: 0 where all classes are equal, towards 1 where one has everything. */
  readonly gini: number;
  /** exp of the entropy of the class shares: as many equal classes would be as mixed. */
  readonly effective: number;
}

/**
 * Figures of class sizes. Gini = Σᵢ Σⱼ |nᵢ − nⱼ| / (2 C N), computed from the sorted sizes as Σᵢ (2i − C − 1) nᵢ / (C N),
 * i from 1; effective = exp(−Σ p ln p), p = n / N.
 * @param labels the class of each image; every class has one
 */
export function classSizes(labels: ArrayLike<number>, classes: number): ClassSizes {
  const images = new Array<number>(classes).fill(0);
  for (let at = 0; at < labels.length; at++) images[labels[at] as number] = (images[labels[at] as number] as number) + 1;
  const sorted = [...images].sort((a, b) => a - b);
  const total = labels.length;
  const spread = sorted.reduce((sum, size, at) => sum + (2 * (at + 1) - classes - 1) * size, 0);
  const entropy = images.reduce((sum, size) => sum - (size === 0 ? 0 : (size / total) * Math.log(size / total)), 0);
  const smallest = sorted[0] ?? 0;
  const largest = sorted.at(-1) ?? 0;
  return {
    images,
    smallest,
    median: ((sorted[(classes - 1) >> 1] ?? 0) + (sorted[classes >> 1] ?? 0)) / 2,
    largest,
    ratio: largest / smallest,
    gini: total === 0 ? 0 : spread / (classes * total),
    effective: Math.exp(entropy),
  };
}
