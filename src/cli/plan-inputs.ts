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
 * How many classes the classifier tells apart, from the recipe's own split of what its folder or table lists, before an image is
 * read: a class whose every image turns out unreadable still counts. Null where no folder is named.
 * @throws UserError where there is no such folder, or it cannot be split so
 */
export async function trainingClasses(recipe: Recipe, folder: string): Promise<number | null> {
  const images = await listedImages(recipe, folder);
  if (images === null) return null;
  // Contents are not known yet: each file counts as different from all others.
  const dataset = createDataset(
    recipe.data.source,
    images.map((image) => ({ ...image, sha256: image.file })),
    [],
  );
  return splitDataset(dataset, splitRule(recipe)).train.classes.length;
}

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
