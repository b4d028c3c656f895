import type { FormatName } from '../formats.js';
import type { Progress } from '../progress.js';
import type { ImageLayout } from '../weights/onnx/image-entry.js';
import type { ExportQuantization } from '../weights/quantize.js';
import { CALIBRATION, calibrationImages } from './exports/calibration-images.js';
import { writeCard } from './exports/card.js';
import { type ExportCheck, exportChecked } from './exports/check.js';
import { identityOf } from './exports/identity.js';
import { type ExportPhase, phaseModel } from './exports/model.js';
import type { FinishedRun } from './finished.js';
import { openImages } from './images.js';
import { pixelSource } from './pixel-source.js';

export interface ExportRunOptions {
  readonly formats: readonly FormatName[];
  readonly phase: ExportPhase;
  readonly quantization: ExportQuantization | null;
  /** Training images by which int8 is calibrated, at most. */
  readonly calibration?: number;
  readonly layout: ImageLayout;
  /** The most of Recall@1 that quantising may lose; null: any. */
  readonly maxLoss: number | null;
  /** Where each format goes. */
  readonly folderOf: (format: FormatName) => string;
  readonly progress: Progress;
}

/** Exports a model of a finished run in some formats, each compared on the run's held-out images. */
export async function exportRun(run: FinishedRun, options: ExportRunOptions): Promise<ExportCheck[]> {
  const { formats, phase, quantization, layout, maxLoss, folderOf, progress } = options;
  const { recipe, folder } = run;
  const images = await openImages(recipe, progress);
  const { model, classifier, published } = await phaseModel(run, phase, images);
  const identity = await identityOf(run, phase, progress);
  const { source, close } = pixelSource(images.decoded, model.network.features, progress);
  const trained = images.split.train.samples;
  const calibration =
    quantization === 'int8' ? calibrationImages(source, trained, options.calibration ?? CALIBRATION, recipe.seed) : null;
  const bar = progress.bar('exporting', formats.length, 'formats');
  const checks: ExportCheck[] = [];
  try {
    for (const format of formats) {
      const check = await exportChecked(format, model, folderOf(format), source, images.split.heldOut.samples, {
        classifier,
        published,
        quantization,
        calibration: format === 'onnx' ? calibration : null,
        layout,
        maxLoss,
        also: (place, found) =>
          writeCard(place, found, { folder, recipe, phase, model, classifier, quantization, identity, layout }),
      });
      checks.push(check);
      bar.advance(1);
    }
    return checks;
  } finally {
    bar.done();
    close();
  }
}
