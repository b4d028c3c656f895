/** What a run exports when it comes to its end. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { layoutOfBackbone } from '../../backbones/publish.js';
import type { FinishedModel } from '../../export/model.js';
import { jsonText } from '../../train/run-folder.js';
import type { Weights } from '../../train/trainer.js';
import type { PhaseContext } from '../phase-context.js';
import { classifierOf } from '../trained-heads.js';
import { writeCard } from './card.js';
import { type ExportCheck, exportChecked } from './check.js';
import { identityOf, NO_IDENTITY } from './identity.js';

/** The chosen model in the formats of the recipe. */
export async function exportAll(model: FinishedModel, { bench, folder, source, progress }: PhaseContext): Promise<ExportCheck[]> {
  const { recipe, split } = bench;
  const { formats } = recipe.export;
  const published = await layoutOfBackbone(recipe.backbone.name);
  const identity = await identityOf({ folder, recipe }, 'best', progress);
  const bar = progress.bar('exporting', formats.length, 'formats');
  const checks: ExportCheck[] = [];
  const plain = { classifier: null, quantization: null, layout: 'nhwc' } as const;
  for (const format of formats) {
    const also = (place: string, check: ExportCheck) =>
      writeCard(place, check, { folder, recipe, phase: 'best', model, identity, ...plain });
    const options = { published, ...plain, also };
    checks.push(await exportChecked(format, model, folder.file('export', format), source, split.heldOut.samples, options));
    bar.advance(1);
  }
  bar.done();
  return checks;
}

/** The classifier of phase 1, where it knows the classes that it will be asked for, with its labels beside it. */
export async function exportItsClassifier(
  weights: Weights,
  { bench, folder, source, progress }: PhaseContext,
): Promise<ExportCheck | null> {
  const { recipe, network, split, decoded } = bench;
  if (!recipe.export.formats.includes('savedmodel')) return null;
  const { head, classes } = classifierOf(weights, bench);
  const labels = classes.map((number) => decoded.dataset.classes[number] as string);
  const model = { network, weights, head: null, side: recipe.data.side };
  const classifier = { head, labels };
  const bar = progress.bar('exporting', 1, 'classifier');
  return exportChecked('savedmodel', model, folder.file('export', 'classifier'), source, split.heldOut.samples, {
    classifier,
    published: null,
    quantization: null,
    layout: 'nhwc',
    result: 'classes',
    async also(place, check) {
      await writeFile(join(place, 'labels.json'), jsonText(labels));
      await writeCard(place, check, {
        folder,
        recipe,
        phase: 'classification',
        model,
        classifier,
        quantization: null,
        layout: 'nhwc',
        identity: NO_IDENTITY,
      });
    },
  }).finally(() => bar.done());
}
