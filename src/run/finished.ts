import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { loadBackbone } from '../backbones/registry.js';
import { UserError } from '../errors.js';
import type { FinishedModel } from '../export/model.js';
import type { Progress } from '../progress.js';
import { loadRecipe } from '../recipe/load.js';
import type { Recipe } from '../recipe/schema.js';
import { readCheckpoint } from '../runtime/checkpoint.js';
import { openRunFolder, type RunFolder } from '../train/run-folder.js';
import { readHead } from './journal.js';
import type { Manifest } from './manifest.js';

/** A run that came to its end: its recipe, and the model that it chose. */
export interface FinishedRun {
  readonly folder: RunFolder;
  readonly recipe: Recipe;
  readonly manifest: Manifest;
  readonly model: FinishedModel;
}

/** Opens the model that a run chose; `argument` is a path from `from`. @throws UserError where the run is not finished */
export async function openFinishedRun(argument: string, from: string, progress: Progress): Promise<FinishedRun> {
  const folder = await openRunFolder(argument, from);
  const manifest = await folder.readJson<Manifest>('manifest.json');
  if (manifest?.finished === undefined) {
    throw new UserError({ what: 'this run has not come to its end', where: folder.path, mend: `ft train --resume ${argument}` });
  }
  const { recipe } = loadRecipe(folder.file('recipe.yaml'));
  const { name, upTo, from: weightsFrom } = recipe.backbone;
  const { network } = await loadBackbone(name, { upTo, from: weightsFrom, progress });
  const { tensors, meta } = await readCheckpoint<{ head: boolean }>(folder.file('model.safetensors'));
  const weights = Object.fromEntries(Object.entries(tensors).map(([key, { values }]) => [key, values as Float32Array]));
  const head = meta.head ? await readHead(folder.file('model-head.safetensors')) : null;
  return { folder, recipe, manifest, model: { network, weights, head, side: recipe.data.side } };
}

/** SHA-256 of the model that a run chose, weights and head: vectors of two models with the same one can be compared. */
export async function modelHash({ folder }: Pick<FinishedRun, 'folder'>): Promise<string> {
  const hash = createHash('sha256');
  hash.update(await readFile(folder.file('model.safetensors')));
  const head = await readFile(folder.file('model-head.safetensors')).catch(() => null);
  if (head !== null) hash.update(head);
  return hash.digest('hex');
}
