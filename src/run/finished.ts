import { existsSync } from 'node:fs';
import { loadBackbone } from '../backbones/registry.js';
import { UserError } from '../errors.js';
import type { FinishedModel } from '../export/savedmodel.js';
import type { Progress } from '../progress.js';
import { loadRecipe } from '../recipe/load.js';
import type { Recipe } from '../recipe/schema.js';
import { readCheckpoint } from '../runtime/checkpoint.js';
import { openRunFolder, type RunFolder } from '../train/run-folder.js';
import { readHead } from './journal.js';

/** A run that came to its end: its recipe, and the model that it chose. */
export interface FinishedRun {
  readonly folder: RunFolder;
  readonly recipe: Recipe;
  readonly model: FinishedModel;
}

/** Opens the model that a run chose. @throws UserError where the run is not finished */
export async function openFinishedRun(argument: string, progress: Progress): Promise<FinishedRun> {
  const folder = await openRunFolder(argument);
  if (!existsSync(folder.file('model.safetensors'))) {
    throw new UserError({ what: 'this run has not come to its end', where: folder.path, mend: `ft train --resume ${argument}` });
  }
  const { recipe } = loadRecipe(folder.file('recipe.yaml'));
  const { name, upTo, from } = recipe.backbone;
  const { network } = await loadBackbone(name, {
    ...(upTo === null ? {} : { upTo }),
    ...(from === null ? {} : { from }),
    progress,
  });
  const { tensors, meta } = await readCheckpoint<{ head: boolean }>(folder.file('model.safetensors'));
  const weights = Object.fromEntries(Object.entries(tensors).map(([key, { values }]) => [key, values as Float32Array]));
  const head = meta.head ? await readHead(folder.file('model-head.safetensors')) : null;
  return { folder, recipe, model: { network, weights, head, side: recipe.data.side } };
}
