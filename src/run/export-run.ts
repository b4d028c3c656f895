import { cachePixels } from '../data/pixel-cache.js';
import { openPixels } from '../data/pixels.js';
import { splitByClass } from '../data/split.js';
import type { Progress } from '../progress.js';
import { type ExportCheck, exportSavedModel } from './export-model.js';
import type { FinishedRun } from './finished.js';
import { openDataset } from './workbench.js';

/** Exports a finished run's model, compared on the run's held-out images. */
export async function exportRun({ recipe, model }: FinishedRun, folder: string, progress: Progress): Promise<ExportCheck> {
  const { data } = recipe;
  const decoded = await cachePixels(await openDataset(data, progress), { side: data.side, strict: data.strict, progress });
  const { heldOut } = splitByClass(decoded.dataset, { heldOut: data.heldOut, validation: data.validation, seed: recipe.seed });
  const store = openPixels(decoded.storePath);
  try {
    return await exportSavedModel(
      model,
      folder,
      {
        read: (sample, target) => void store.read(sample, target),
        labelOf: (sample) => decoded.dataset.samples[sample]?.class ?? -1,
        side: data.side,
        batch: 64,
        dimensions: model.network.features,
      },
      heldOut.samples,
    );
  } finally {
    store.close();
  }
}
