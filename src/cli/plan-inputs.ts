/** What `ft plan` and `ft freeze` need beside the recipe: its network, and how many classes the classifier tells apart. */
import { resolve } from 'node:path';
import { createDataset } from '../data/dataset.js';
import { artists } from '../data/emoji.js';
import { listLabelled } from '../data/layouts.js';
import type { Listed } from '../data/listing.js';
import { splitDataset } from '../data/split.js';
import type { Network } from '../network/network.js';
import type { Progress } from '../progress.js';
import type { BackboneOptions, Recipe } from '../recipe/schema.js';
import type { SplitImages } from '../run/evaluate-epoch.js';
import { splitRule } from '../run/images.js';

export type LoadNetwork = (options: BackboneOptions, progress: Progress) => Promise<Network>;

/** The recipe's backbone, from the cache or fetched. Reads TensorFlow, so only when it is called. */
export const loadNetwork: LoadNetwork = async ({ name, upTo, from }, progress) => {
  const { loadBackbone } = await import('../backbones/registry.js');
  const loaded = await loadBackbone(name, { upTo, from, progress });
  return loaded.network;
};

const EMOJI_CLASSES = 1594;

/**
 * The images of a recipe and its own split of them, from what its folder or table lists, before one is read: those that turn out unreadable,
 * and files that are equal, still count. Null where no folder is named.
 * @throws UserError where there is no such folder, or it cannot be split so
 */
export async function listedSplit(recipe: Recipe, folder: string): Promise<SplitImages | null> {
  const images = await listedImages(recipe, folder);
  if (images === null) return null;
  // Contents are not known yet: each file counts as different from all others.
  const dataset = createDataset(
    recipe.data.source,
    images.map((image) => ({ ...image, sha256: image.file })),
    [],
  );
  return { decoded: { dataset }, split: splitDataset(dataset, splitRule(recipe)) };
}

/** How many classes the classifier tells apart; null where no folder is named. */
export const classesOf = (images: SplitImages | null): number | null => images?.split.train.classes.length ?? null;

async function listedImages({ data }: Recipe, folder: string): Promise<readonly Listed[] | null> {
  switch (data.source) {
    case 'emoji': {
      // Only the numbers of classes and of drawings enter a split, not the names.
      const classes = Array.from({ length: data.classes ?? EMOJI_CLASSES }, (_, number) => String(number).padStart(5, '0'));
      return classes.flatMap((className) =>
        artists.map((artist) => ({ file: `${className}/${artist}.png`, className, path: '' })),
      );
    }
    case 'folder':
      if (data.folder === null) return null;
      return (await listLabelled(resolve(folder, data.folder), { layout: data.layout, label: data.label })).images;
  }
}
