/** What `ft plan` and `ft freeze` need beside the recipe: its network, and how many classes the classifier tells apart. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { validationClasses } from '../data/split.js';
import { UserError } from '../errors.js';
import type { Network } from '../network/network.js';
import type { Progress } from '../progress.js';
import type { BackboneOptions, Recipe } from '../recipe/schema.js';

export type LoadNetwork = (options: BackboneOptions, progress: Progress) => Promise<Network>;

/** The recipe's backbone, from the cache or fetched. Reads TensorFlow, so only when it is called. */
export const loadNetwork: LoadNetwork = async ({ name, upTo, from }, progress) => {
  const { loadBackbone } = await import('../backbones/registry.js');
  const loaded = await loadBackbone(name, { upTo, from, progress });
  return loaded.network;
};

const EMOJI_CLASSES = 1594;

/** How many classes the classifier tells apart: counted from the folders' names, without reading an image. Null where no folder is named. */
export function trainingClasses(recipe: Recipe, folder: string): number | null {
  const all = recipe.data.source === 'emoji' ? (recipe.data.classes ?? EMOJI_CLASSES) : countFolders(recipe.data.folder, folder);
  if (all === null) return null;
  const parity = recipe.data.heldOut === 'odd-classes' ? 0 : 1;
  const trained = Array.from({ length: all }, (_, number) => number).filter((number) => number % 2 === parity);
  return trained.length - validationClasses(trained, recipe.data.validation, recipe.seed).length;
}

function countFolders(data: string | null, folder: string): number | null {
  if (data === null) return null;
  const path = resolve(folder, data);
  if (!existsSync(path))
    throw new UserError({
      what: 'there is no such folder',
      where: path,
      expected: 'a folder that holds one folder of images for each class',
    });
  const isClass = (name: string) => readdirSync(join(path, name)).length > 0;
  return readdirSync(path, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith('.') && isClass(entry.name),
  ).length;
}
