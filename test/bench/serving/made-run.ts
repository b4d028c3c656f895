/** A finished run of a real backbone without its training: how fast it is served does not depend on what it learned. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadBackbone } from '../../../src/backbones/registry.js';
import type { FinishedModel } from '../../../src/export/model.js';
import { writeSavedModel } from '../../../src/export/savedmodel.js';
import { silent } from '../../../src/progress.js';
import { loadRecipe } from '../../../src/recipe/load.js';
import { writeRecipe } from '../../../src/recipe/write.js';
import { embedFiles } from '../../../src/run/embed-queries.js';
import { writeHead } from '../../../src/run/journal.js';
import { writeCheckpoint } from '../../../src/runtime/checkpoint.js';
import { u } from '../../train/formula.js';
import { photo } from '../photos.js';

const DIMENSIONS = 128;

export interface MadeRun {
  readonly run: string;
  readonly savedModel: string;
  readonly images: readonly Uint8Array[];
  /** By `ft embed`'s own code, each image by itself. */
  readonly expected: readonly Float32Array[];
}

/** @param root an empty folder */
export async function makeRun(root: string, recipeName: string, side: number, count: number): Promise<MadeRun> {
  const { recipe } = loadRecipe(recipeName, { sets: [`data.side=${side}`] });
  const { name, upTo, from } = recipe.backbone;
  const { network } = await loadBackbone(name, { upTo, from, progress: silent });
  const variables = [...network.variables.values()];
  const kernel = Float32Array.from(u('head', network.features * DIMENSIONS));
  const head = { kernel, bias: new Float32Array(DIMENSIONS), inputs: network.features, outputs: DIMENSIONS };
  const weights = Object.fromEntries(variables.map((variable) => [variable.name, variable.values]));
  const model: FinishedModel = { network, weights, head, side };
  const run = join(root, 'run');
  await mkdir(run, { recursive: true });
  const tensors = Object.fromEntries(variables.map(({ name: key, shape, values }) => [key, { shape, values }]));
  await writeCheckpoint(join(run, 'model.safetensors'), { tensors, meta: { head: true } });
  await writeHead(join(run, 'model-head.safetensors'), head);
  await writeFile(join(run, 'recipe.yaml'), writeRecipe(recipe));
  await writeFile(join(run, 'manifest.json'), JSON.stringify({ recipe: recipeName, finished: new Date().toISOString() }));
  await writeFile(join(run, 'scores.json'), JSON.stringify({ exported: 'before' }));
  const savedModel = join(root, 'savedmodel');
  await writeSavedModel(model, savedModel);
  const images: Uint8Array[] = [];
  const files: string[] = [];
  for (let at = 0; at < count; at++) {
    const bytes = await photo(at);
    const file = join(root, `${at}.jpg`);
    await writeFile(file, bytes);
    images.push(bytes);
    files.push(file);
  }
  const { values, dimensions } = await embedFiles(model, files);
  return { run, savedModel, images, expected: files.map((_, at) => values.slice(at * dimensions, (at + 1) * dimensions)) };
}
