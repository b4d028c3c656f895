import { layoutOfBackbone } from '../../backbones/publish.js';
import { UserError } from '../../errors.js';
import type { ExportOptions } from '../../export/formats.js';
import type { ExportedClassifier, FinishedModel } from '../../export/model.js';
import { HEAD_BIAS } from '../../train/objectives.js';
import type { FinishedRun } from '../finished.js';
import type { RecipeImages } from '../images.js';
import { headOf, readWeights } from '../trained-heads.js';

/** Which state of a run is exported: the one that it chose, or the one that a phase left. */
export const EXPORT_PHASES = ['best', 'classification', 'triplet'] as const;
export type ExportPhase = (typeof EXPORT_PHASES)[number];

/**
 * The model of a phase: after classification the pooled features and the classifier over the training classes, after triplets the
 * embedding that the phase trained; or what the run chose, with the classifier where that is what classification left.
 * @throws UserError where the run has no such phase
 */
export async function phaseModel(
  { folder, recipe, model }: FinishedRun,
  phase: ExportPhase,
  { decoded, split }: RecipeImages,
): Promise<{ model: FinishedModel; classifier: ExportedClassifier | null; published: ExportOptions['published'] }> {
  const published = await layoutOfBackbone(recipe.backbone.name);
  const labels = split.train.classes.map((number) => decoded.dataset.classes[number] as string);
  const { exported } = (await folder.readJson<{ exported: string }>('scores.json')) ?? { exported: '' };
  const stage = phase === 'best' ? exported.replace('-whitened', '') : phase;
  if (phase !== 'best' && recipe[phase] === null)
    throw new UserError({
      where: folder.path,
      what: `this run has no ${phase} phase`,
      expected: EXPORT_PHASES.filter((one) => one === 'best' || recipe[one] !== null).join(', '),
      mend: '--phase best',
    });
  if (stage !== 'classification' && stage !== 'triplet') return { model, classifier: null, published };
  const weights = await readWeights(folder, stage);
  const head = headOf(weights, model, weights[HEAD_BIAS]?.length ?? 0);
  const classifier = stage === 'classification' ? { head, labels } : null;
  if (phase === 'best') return { model, classifier, published };
  return { model: { ...model, weights, head: stage === 'triplet' ? head : null }, classifier, published };
}
