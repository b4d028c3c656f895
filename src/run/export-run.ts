import type { Progress } from '../progress.js';
import { type ExportCheck, exportSavedModel } from './export-model.js';
import type { FinishedRun } from './finished.js';
import { openImages } from './images.js';
import { pixelSource } from './pixel-source.js';

/** Exports a finished run's model, compared on the run's held-out images. */
export async function exportRun({ recipe, model }: FinishedRun, folder: string, progress: Progress): Promise<ExportCheck> {
  const { decoded, split } = await openImages(recipe, progress);
  const { source, close } = pixelSource(decoded, model.network.features, progress);
  try {
    return await exportSavedModel(model, folder, source, split.heldOut.samples);
  } finally {
    close();
  }
}
