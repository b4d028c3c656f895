import { cachePixels } from '../data/pixel-cache.js';
import { splitByClass } from '../data/split.js';
import type { Progress } from '../progress.js';
import { type ExportCheck, exportSavedModel } from './export-model.js';
import type { FinishedRun } from './finished.js';
import { pixelSource } from './pixel-source.js';
import { openDataset } from './workbench.js';

/** Exports a finished run's model, compared on the run's held-out images. */
export async function exportRun({ recipe, model }: FinishedRun, folder: string, progress: Progress): Promise<ExportCheck> {
  const { data } = recipe;
  const decoded = await cachePixels(await openDataset(data, progress), { side: data.side, strict: data.strict, progress });
  const { heldOut } = splitByClass(decoded.dataset, { heldOut: data.heldOut, validation: data.validation, seed: recipe.seed });
  const { source, close } = pixelSource(decoded, model.network.features, progress);
  try {
    return await exportSavedModel(model, folder, source, heldOut.samples);
  } finally {
    close();
  }
}
