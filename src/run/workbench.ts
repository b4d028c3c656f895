import { loadBackbone } from '../backbones/registry.js';
import type { Dataset } from '../data/dataset.js';
import { describeDataset } from '../data/describe.js';
import { emojiDataset } from '../data/emoji.js';
import { scanFolder } from '../data/folder.js';
import { cachePixels, type DecodedDataset } from '../data/pixel-cache.js';
import { checkPk } from '../data/samplers.js';
import { denseLabels, type Part, type Split, splitByClass } from '../data/split.js';
import { UserError } from '../errors.js';
import type { Network } from '../network/network.js';
import type { Progress } from '../progress.js';
import type { DataOptions, Recipe } from '../recipe/schema.js';
import type { PhaseName, PhasePlan } from '../transfer/plan.js';
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

/** The labelled images that a recipe names. */
export async function openDataset(options: DataOptions, progress: Progress): Promise<Dataset> {
  switch (options.source) {
    case 'emoji':
      return emojiDataset({ ...(options.classes === null ? {} : { classes: options.classes }), progress });
    case 'folder': {
      if (options.folder === null) {
        throw new UserError({
          what: 'the recipe trains on your own photos and names no folder',
          where: 'data.folder',
          mend: 'ft train folder --data FOLDER, or make recipe=folder data=FOLDER',
        });
      }
      return scanFolder(options.folder, { progress });
    }
  }
}

export async function openWorkbench(recipe: Recipe, progress: Progress): Promise<Workbench> {
  const { name, upTo, from } = recipe.backbone;
  const { network, sha256 } = await loadBackbone(name, {
    ...(upTo === null ? {} : { upTo }),
    ...(from === null ? {} : { from }),
    progress,
  });
  const dataset = await openDataset(recipe.data, progress);
  const decoded = await cachePixels(dataset, { side: recipe.data.side, strict: recipe.data.strict, progress });
  for (const line of describeDataset(decoded.dataset)) progress.line(line);
  const split = splitByClass(decoded.dataset, {
    heldOut: recipe.data.heldOut,
    validation: recipe.data.validation,
    seed: recipe.seed,
  });
  checkTrainable(recipe, network, split);
  if (recipe.triplet !== null)
    checkPk(denseLabels(decoded.dataset, split.train), recipe.triplet.classesPerBatch, recipe.triplet.imagesPerClass);
  const dense = denseLabels(decoded.dataset, split.train);
  return {
    recipe,
    network,
    weightsSha256: sha256,
    decoded,
    split,
    classifierLabels: new Map(Array.from(split.train.samples, (sample, place) => [sample, dense[place] as number])),
    plans: new Map(planPhases(recipe, network, split.train.classes.length).map((plan) => [plan.phase, plan])),
  };
}

/** Refuses what would only fail after minutes of training: an embedding longer than the features or the images can span. */
function checkTrainable(recipe: Recipe, network: Network, { train }: { train: Part }): void {
  const { dimensions, init, refit } = recipe.head;
  const fitted = refit !== 'none' || (recipe.triplet !== null && init !== 'random');
  const limit = Math.min(network.features, train.samples.length - 1);
  if (!fitted || dimensions <= limit) return;
  throw new UserError({
    what: 'the embedding has more dimensions than can be fitted to the training images',
    where: 'head.dimensions',
    expected: `at most ${limit} (${network.features} features, ${train.samples.length} training images)`,
    found: `${dimensions}`,
    mend: `--set head.dimensions=${Math.max(2, 2 ** Math.floor(Math.log2(limit)))}, or add images`,
  });
}
