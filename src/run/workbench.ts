import { loadBackbone } from '../backbones/registry.js';
import { cacheLimit } from '../data/cache-room.js';
import { describeDataset } from '../data/describe.js';
import { describeSplit } from '../data/duplicates.js';
import type { DecodedDataset } from '../data/pixel-cache.js';
import { checkPk } from '../data/samplers.js';
import { denseLabels, type Split } from '../data/split.js';
import { type Fault, UserError } from '../errors.js';
import type { Network } from '../network/network.js';
import type { Progress } from '../progress.js';
import type { Recipe } from '../recipe/schema.js';
import { requireDevices } from '../runtime/several.js';
import { deviceInWords } from '../runtime/tensorflow.js';
import { throwFaults } from '../transfer/freeze.js';
import type { PhaseName, PhasePlan } from '../transfer/plan.js';
import { devicesFaults, devicesOf } from './devices.js';
import { openImages } from './images.js';
import { patienceFault } from './measure.js';
import { memoryFault } from './memory.js';
import { meetingOf, withClassesThereAre } from './phase-batches.js';
import { planPhases } from './plans.js';

/** Everything that a recipe names, opened and checked, before anything is trained. */
export interface Workbench {
  readonly recipe: Recipe;
  readonly network: Network;
  /** SHA-256 over all variables of the backbone as it was loaded. */
  readonly weightsSha256: string;
  readonly decoded: DecodedDataset;
  readonly split: Split;
  /** Class of each sample within the training part, for the classifier. */
  readonly classifierLabels: ReadonlyMap<number, number>;
  readonly plans: ReadonlyMap<PhaseName, PhasePlan>;
}

export async function openWorkbench(recipe: Recipe, progress: Progress): Promise<Workbench> {
  const device = deviceInWords();
  if (device !== null) progress.line(device);
  const devices = devicesOf(recipe);
  if (devices > 1) {
    requireDevices(devices);
    progress.line(`each step is spread over ${devices} cards, and its images are one batch`);
  }
  // Read here, before there is a run's folder, what is wanted only once its phases begin.
  if (recipe.frozenMaps !== 'off') cacheLimit();
  const { name, upTo, from } = recipe.backbone;
  const { network, sha256 } = await loadBackbone(name, { upTo, from, progress });
  const { decoded, split } = await openImages(recipe, progress);
  for (const line of [...describeDataset(decoded.dataset), ...describeSplit(decoded.dataset, split)]) progress.line(line);
  const dense = denseLabels(decoded.dataset, split.train);
  const fitting = withClassesThereAre(recipe, split, progress);
  const plans = planPhases(fitting, network, split.train.classes.length);
  checkTrainable(fitting, network, plans, { split, decoded }, dense);
  if (fitting.triplet?.sampler === 'hierarchical') meetingOf({ recipe: fitting, split, decoded });
  return {
    recipe: fitting,
    network,
    weightsSha256: sha256,
    decoded,
    split,
    classifierLabels: new Map(Array.from(split.train.samples, (sample, place) => [sample, dense[place] as number])),
    plans: new Map(plans.map((plan) => [plan.phase, plan])),
  };
}

/** Refuses, all at once, what would only fail after minutes of training. */
function checkTrainable(
  recipe: Recipe,
  network: Network,
  plans: readonly PhasePlan[],
  { split, decoded }: Pick<Workbench, 'split' | 'decoded'>,
  labels: Int32Array,
): void {
  const faults: Fault[] = [];
  const { train } = split;
  const { dimensions, init, refit } = recipe.head;
  const fitted = refit !== 'none' || (recipe.triplet !== null && init !== 'random');
  const limit = Math.min(network.features, train.samples.length - 1);
  if (fitted && dimensions > limit) {
    faults.push({
      what: 'the embedding has more dimensions than can be fitted to the training images',
      where: 'head.dimensions',
      expected: `at most ${limit} (${network.features} features, ${train.samples.length} training images)`,
      found: `${dimensions}`,
      mend: `--set head.dimensions=${Math.max(2, 2 ** Math.floor(Math.log2(limit)))}, or add images`,
    });
  }
  if (recipe.triplet !== null) {
    try {
      checkPk(labels, recipe.triplet.classesPerBatch, recipe.triplet.imagesPerClass);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      faults.push(...error.faults);
    }
  }
  for (const phase of ['classification', 'triplet'] as const) {
    const fault = recipe[phase]?.patience == null ? null : patienceFault(phase, recipe, { split, decoded });
    if (fault !== null) faults.push(fault);
  }
  faults.push(...devicesFaults(recipe, train.samples.length));
  faults.push(...plans.flatMap((plan) => memoryFault(recipe, network, plan) ?? []));
  throwFaults(faults);
}
