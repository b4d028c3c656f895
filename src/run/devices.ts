import type { Fault } from '../errors.js';
import type { Recipe } from '../recipe/schema.js';

/** How many cards a step is spread over. */
export function devicesOf({ devices }: Recipe): number {
  return devices?.length ?? 1;
}

/**
 * Phases whose batches do not divide among the cards.
 * @param images that there are to train on: a batch has no more
 */
export function devicesFaults(recipe: Recipe, images: number): Fault[] {
  const { classification, triplet } = recipe;
  const devices = devicesOf(recipe);
  const fault = (where: string, batch: number, mend: string): Fault[] => {
    if (batch % devices === 0) return [];
    const what = 'the images of a step do not divide evenly among the cards';
    return [
      { what, where, expected: `a multiple of ${devices}, for devices: [${recipe.devices}]`, found: `${batch} images`, mend },
    ];
  };
  const [shuffled, groups] = [Math.min(classification?.batch ?? 0, images), triplet?.classesPerBatch ?? 0];
  const below = Math.floor(shuffled / devices) * devices;
  return [
    ...fault('classification.batch', shuffled, `--set classification.batch=${Math.max(devices, below)}`),
    ...fault(
      'triplet.classesPerBatch',
      groups * (triplet?.imagesPerClass ?? 0),
      `--set triplet.classesPerBatch=${Math.max(devices, Math.floor(groups / devices) * devices)}`,
    ),
  ];
}
