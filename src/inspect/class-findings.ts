import type { Dataset } from '../data/dataset.js';
import { counted } from '../data/printable.js';
import type { ClassSizes } from './class-sizes.js';
import { type Finding, finding } from './findings.js';
import type { NameImages } from './found-images.js';

/** Classes below this size say little of themselves: P×K draws 4 images of a class. */
const fewImages = 4;

/** From this ratio of the largest class to the smallest the set is called unbalanced. */
const unbalanced = 10;

/** Classes with one image, with two or three, and classes that differ in size by an order of magnitude. */
export function classFindings({ classes, samples }: Dataset, sizes: ClassSizes, names: NameImages): Finding[] {
  const members = new Map<number, number[]>();
  samples.forEach(({ class: number }, index) => {
    if ((sizes.images[number] as number) >= fewImages) return;
    members.set(number, [...(members.get(number) ?? []), index]);
  });
  const small = [...members].sort(([a], [b]) => (sizes.images[a] as number) - (sizes.images[b] as number) || a - b);
  const cases = (wanted: (size: number) => boolean) =>
    small
      .filter(([, list]) => wanted(list.length))
      .map(([number, list]) => ({ note: `${classes[number]}: ${counted(list.length, 'image')}`, images: names(list) }));
  const single = cases((size) => size === 1);
  const few = cases((size) => size > 1);
  const ends = [sizes.images.indexOf(sizes.largest), sizes.images.indexOf(sizes.smallest)];
  return [
    ...finding('single-image', single, `${counted(single.length, 'class')} with one image only`),
    ...finding('few-images', few, `${counted(few.length, 'class')} with 2 or 3 images`),
    ...finding(
      'imbalance',
      sizes.ratio < unbalanced
        ? []
        : ends.map((number) => ({
            note: `${classes[number]}: ${counted(sizes.images[number] as number, 'image')}`,
            images: [],
          })),
      `the largest class has ${Math.round(sizes.ratio)} times as many images as the smallest; as mixed as ${Math.round(sizes.effective)} equal classes of ${classes.length}`,
    ),
  ];
}
