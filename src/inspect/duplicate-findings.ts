import type { Dataset, Sample } from '../data/dataset.js';
import type { DuplicateMeaning } from '../data/duplicates.js';
import { counted } from '../data/printable.js';
import type { DuplicateSet } from './duplicate-sets.js';
import { type Finding, type FindingKind, finding } from './findings.js';
import type { NameImages } from './found-images.js';

const kinds: Readonly<Record<DuplicateMeaning, { kind: FindingKind; where: string }>> = {
  leakage: { kind: 'leakage', where: 'on two sides of the split' },
  conflict: { kind: 'label-conflict', where: 'under different classes' },
  redundancy: { kind: 'redundancy', where: 'in one class' },
};

/** Sets of the same or nearly the same image by what they mean: leakage, a label conflict, redundancy. Equal files come first. */
export function duplicateFindings(dataset: Dataset, sets: readonly DuplicateSet[], names: NameImages): Finding[] {
  return (['leakage', 'conflict', 'redundancy'] as const).flatMap((meaning) => {
    const those = sets.filter((set) => set.meaning === meaning).sort(byLikeness);
    const exact = those.filter((set) => set.exact).length;
    const near = those.length - exact;
    const parts = [
      ...(exact > 0 ? [`${counted(exact, 'set')} of equal files`] : []),
      ...(near > 0 ? [`${counted(near, 'set')} of nearly equal images`] : []),
    ];
    return finding(
      kinds[meaning].kind,
      those.map((set) => ({ note: noteOf(dataset, set), images: names(set.samples) })),
      `${parts.join(' and ')} ${kinds[meaning].where}`,
    );
  });
}

function byLikeness(a: DuplicateSet, b: DuplicateSet): number {
  const rank = (set: DuplicateSet) => (set.exact ? 2 : (set.weakest?.correlation ?? 1));
  return rank(b) - rank(a) || (a.samples[0] as number) - (b.samples[0] as number);
}

/** From this share of the area on nothing is called cropped: the outlines are no finer. */
const uncropped = 0.93;

function noteOf({ samples }: Dataset, { samples: set, exact, weakest, meaning }: DuplicateSet): string {
  const words = [exact || weakest === null ? 'equal byte by byte' : `${weakest.correlation.toFixed(2)} alike`];
  if (weakest?.mirrored) words.push('mirrored');
  if (weakest !== null && weakest.area < uncropped) words.push(`cropped to ${Math.round(100 * weakest.area)} %`);
  // A leak may be a wrong label besides.
  const classes = new Set(set.map((index) => (samples[index] as Sample).class)).size;
  if (meaning === 'leakage' && classes > 1) words.push('of different classes');
  return words.join(', ');
}
