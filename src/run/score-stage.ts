import type { Head } from '../heads/head.js';
import { answersOf, type Classifier, scoreClassifier } from '../train/classifier.js';
import { computeFeatures, refuseCollapsed } from '../train/features.js';
import { openForward } from '../train/forward.js';
import {
  fitWhitening,
  type Row,
  type RowName,
  type Stage,
  type StageFeatures,
  scoreRow,
  scoreWhitened,
} from '../train/scoring.js';
import type { Weights } from '../train/trainer.js';
import type { PhasePlan } from '../transfer/plan.js';
import { openFrozenMaps } from './frozen-maps.js';
import type { StageClassifier } from './journal.js';
import type { PhaseContext } from './phase-context.js';
import { firstEmbedding, needsWhitening } from './start-heads.js';

/** Scores of one stage, and the head that the triplet phase starts from if it comes next. */
export interface StageResult {
  readonly rows: Row[];
  readonly nextHead: Head | null;
  /** Of the classification phase, where the held-out images are of the classes that train. */
  readonly classifier: StageClassifier | null;
}

/**
 * Computes the features of all images once with the weights of a stage, scores them plain (with the stage's own head, where
 * it has one) and whitened, scores the classifier where one is given, and fits the next head where one is wanted.
 */
export async function scoreStage(
  stage: Stage,
  weights: Weights,
  head: Head | null,
  context: PhaseContext,
  wantsNext: boolean,
  classifier: Classifier | null,
): Promise<StageResult> {
  const { bench } = context;
  const { recipe, decoded } = bench;
  const features = await stageFeatures(weights, context, stage);
  if (stage !== 'before') refuseCollapsed(features.train, stage);
  const { seed } = recipe;
  const rows: Row[] = [scoreRow(stage, features, head, seed)];
  const needed = recipe.head.refit !== 'none' || (wantsNext && needsWhitening(bench));
  const whitening = needed ? fitWhitening(features, recipe.head) : null;
  if (whitening !== null && recipe.head.refit !== 'none')
    rows.push(scoreWhitened(`${stage}-whitened` as RowName, features, whitening, seed));
  const nameOf = (number: number) => decoded.dataset.classes[number] as string;
  return {
    rows,
    nextHead: wantsNext ? firstEmbedding(features, whitening, bench) : null,
    classifier: classifier && {
      scores: scoreClassifier(classifier, features.heldOut, nameOf, seed),
      answers: answersOf(classifier, features.heldOut, nameOf),
    },
  };
}

async function stageFeatures(
  weights: Weights,
  { bench, source: pixels, progress, stopped, mapsFolder: folder }: PhaseContext,
  stage: Stage,
): Promise<StageFeatures> {
  const { recipe, network, split } = bench;
  const plan = planAround(stage, bench);
  const maps = plan && openFrozenMaps(bench, { plan, weights, source: pixels, loader: null, progress, folder });
  const source = maps?.source ?? pixels;
  const parts = [split.train.samples, split.validation.samples, split.heldOut.samples] as const;
  const forward = openForward({
    engine: recipe.engine,
    network,
    weights,
    side: recipe.data.side,
    most: Math.max(...parts.map((part) => part.length)),
    entry: maps?.part.entry(),
  });
  const bar = progress.bar(
    `scores ${stage === 'before' ? 'before training' : `after the ${stage} phase`}`,
    parts.reduce((sum, part) => sum + part.length, 0),
    'images',
  );
  try {
    const [train, validation, heldOut] = [
      await computeFeatures(forward, source, parts[0], bar, stopped),
      await computeFeatures(forward, source, parts[1], bar, stopped),
      await computeFeatures(forward, source, parts[2], bar, stopped),
    ];
    return { train, validation, heldOut };
  } finally {
    bar.done();
    forward.close();
    maps?.close();
  }
}

/** The plan that says what stands still beside a stage: of the phase that it follows, as it ended, or that it comes before. */
function planAround(stage: Stage, { plans }: PhaseContext['bench']): PhasePlan | undefined {
  const plan = stage === 'before' ? [...plans.values()][0] : plans.get(stage);
  return stage === 'before' ? plan : (plan?.thaw.at(-1)?.plan ?? plan);
}
