import type { Dataset } from '../data/dataset.js';
import { emojiDataset } from '../data/emoji.js';
import { scanImages } from '../data/folder.js';
import { openLabelled } from '../data/layouts.js';
import { isTableName } from '../data/manifest-table.js';
import { cachePixels, type DecodedDataset } from '../data/pixel-cache.js';
import { type Split, type SplitRule, splitDataset } from '../data/split.js';
import { UserError } from '../errors.js';
import type { Progress } from '../progress.js';
import type { DataOptions, Recipe } from '../recipe/schema.js';

/** A recipe's images, decoded and split. */
export interface RecipeImages {
  readonly decoded: DecodedDataset;
  readonly split: Split;
}

/** The labelled images that a recipe names, decoded, and split as it says: the same for every verb that opens them. */
export async function openImages(recipe: Recipe, progress: Progress): Promise<RecipeImages> {
  const { side, strict } = recipe.data;
  const decoded = await cachePixels(await openDataset(recipe.data, progress), { side, strict, progress });
  return { decoded, split: splitDataset(decoded.dataset, splitRule(recipe)) };
}

/** How a recipe splits its images. */
export function splitRule({ data, seed }: Recipe): SplitRule {
  return { by: data.split, heldOut: data.heldOut, share: data.share, validation: data.validation, fold: data.fold, seed };
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
      return openLabelled(options.folder, { layout: options.layout, label: options.label, progress });
    }
  }
}

/** Any images, for embedding: those of a table, or every one below a folder, in class folders or not. */
export async function openAnyImages(path: string, progress: Progress): Promise<Dataset> {
  return isTableName(path) ? openLabelled(path, { progress }) : scanImages(path, { progress });
}
