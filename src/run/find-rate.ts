import { createLoader, type Loader } from '../data/loader.js';
import { deriveSeed } from '../data/random.js';
import { Interrupted } from '../errors.js';
import type { Head } from '../heads/head.js';
import { createOptimizer } from '../optimizers/registry.js';
import { type Progress, silent } from '../progress.js';
import type { PhaseRates } from '../recipe/schema.js';
import { FEATURE_BATCH } from '../train/batch-search.js';
import { Collapsed } from '../train/collapse.js';
import { computeFeatures } from '../train/features.js';
import { openForward } from '../train/forward.js';
import { HEAD_BIAS, HEAD_KERNEL } from '../train/objectives.js';
import { runPhase, START } from '../train/phase.js';
import { type Curve, RangeTest, type Suggestion, type Sweep, suggest, sweepRate } from '../train/range-test.js';
import { fitWhitening } from '../train/scoring.js';
import { createTrainer, type Weights, weightsOf } from '../train/trainer.js';
import type { PhaseName, PhasePlan } from '../transfer/plan.js';
import { devicesOf } from './devices.js';
import { batchesOf, plansOf, viewsOf } from './phase-batches.js';
import { segmentsOf } from './phase-segments.js';
import { pixelSource } from './pixel-source.js';
import { precisionOf } from './precision.js';
import { firstClassifier, firstEmbedding, needsWhitening } from './start-heads.js';
import type { Workbench } from './workbench.js';
import { sayCompiling } from './xla-words.js';

/** The range test of one group of layers. */
export interface GroupRates {
  /** A stage, or `all` of what the plan trains together, at the plan's own multipliers. */
  readonly group: string;
  /** Trained parameters of the group. */
  readonly parameters: number;
  readonly curve: Curve;
  readonly suggestion: Suggestion;
}

export interface FindRateOptions {
  readonly phase: PhaseName;
  readonly sweep: Sweep;
  readonly progress: Progress;
  readonly stopped: () => boolean;
}

/** A step met NaN or an infinity: the end of a sweep, and what it is there to find. */
class RanAway extends Error {}

/**
 * Learning-rate range tests of a phase (see `RangeTest`): of all that its plan trains together, then of each stage alone with the
 * others held still. Each sweep starts from the same weights and sees the same batches; nothing is kept.
 *
 * The rate of `all` is the phase's base rate, which each layer multiplies; that of a stage is the rate at which it moves.
 * @throws Interrupted where the person asked to stop
 */
export async function findRates(bench: Workbench, { phase, sweep, progress, stopped }: FindRateOptions): Promise<GroupRates[]> {
  const { recipe, decoded } = bench;
  const seed = deriveSeed(recipe.seed, phase);
  const loader = createLoader(decoded, { ...viewsOf(phase, recipe, seed), workers: recipe.data.workers, progress });
  const head = phase === 'triplet' ? await fittedHead(bench, progress, stopped) : firstClassifier(bench);
  const values = { ...weightsOf(bench.network), [HEAD_KERNEL]: head.kernel, [HEAD_BIAS]: head.bias };
  const [segment] = segmentsOf(phase, bench, []);
  if (segment === undefined) throw new Error(`the ${phase} phase has no segment`);
  try {
    const found: GroupRates[] = [];
    const groups = ['all', ...trainedStages(segment.plan)];
    for (const group of groups) {
      const plan = group === 'all' ? segment.plan : onlyStage(segment.plan, group);
      const bar = progress.bar(`${phase}: ${group}`, sweep.steps, 'steps');
      const compiled = recipe.xla ? sayCompiling(`${phase}: ${group}`, progress, () => performance.now()) : () => {};
      const curve = await follow({ ...segment, plan }, values, {
        bench,
        phase,
        seed,
        loader,
        sweep,
        stopped,
        step() {
          compiled();
          bar.advance(1);
        },
      }).finally(() => bar.done());
      const parameters = plan.variables
        .filter(({ frozen, statistic }) => !frozen && !statistic)
        .reduce((sum, one) => sum + one.parameters, 0);
      found.push({ group, parameters, curve, suggestion: suggest(curve) });
    }
    return found;
  } finally {
    await loader.close();
  }
}

/** The head that the triplet phase would start with, were it the first phase. */
async function fittedHead(bench: Workbench, progress: Progress, stopped: () => boolean): Promise<Head> {
  const { recipe, network, split, decoded } = bench;
  const { source, close } = pixelSource(decoded, network.features, progress);
  const forward = openForward({
    engine: recipe.engine,
    network,
    weights: weightsOf(network),
    side: recipe.data.side,
    most: Math.max(split.train.samples.length, split.validation.samples.length),
  });
  const bar = progress.bar('features to fit the head to', split.train.samples.length + split.validation.samples.length, 'images');
  try {
    const train = await computeFeatures(forward, source, split.train.samples, bar, stopped);
    const validation = await computeFeatures(forward, source, split.validation.samples, bar, stopped);
    const whitening = needsWhitening(bench) ? fitWhitening({ train, validation }, recipe.head) : null;
    return firstEmbedding({ train }, whitening, bench);
  } finally {
    bar.done();
    forward.close();
    close();
  }
}

/** Stages of which something is trained, in the order of the network. */
function trainedStages({ variables }: PhasePlan): string[] {
  return [...new Set(variables.filter(({ frozen, statistic }) => !frozen && !statistic).map(({ stage }) => stage))];
}

/** The plan in which one stage alone moves, at the base rate itself. */
function onlyStage(plan: PhasePlan, stage: string): PhasePlan {
  const keeps = (of: { stage: string }) => of.stage === stage;
  return {
    ...plan,
    layers: plan.layers.map((layer) =>
      keeps(layer) || layer.batchNorm === null ? layer : { ...layer, batchNorm: 'frozen' as const },
    ),
    variables: plan.variables.map((variable) =>
      variable.frozen || variable.statistic
        ? variable
        : keeps(variable)
          ? { ...variable, multiplier: 1 }
          : { ...variable, frozen: true },
    ),
  };
}

interface Following {
  readonly bench: Workbench;
  readonly phase: PhaseName;
  readonly seed: number;
  readonly loader: Loader;
  readonly sweep: Sweep;
  readonly stopped: () => boolean;
  readonly step: () => void;
}

async function follow(
  { plan, objective, watch }: ReturnType<typeof segmentsOf>[number],
  weights: Weights,
  { bench, phase, seed, loader, sweep, stopped, step }: Following,
): Promise<Curve> {
  const { recipe, network, decoded } = bench;
  const options = recipe[phase] as PhaseRates;
  const epochBatches = batchesOf(phase, bench, seed);
  const plans = plansOf(recipe, epochBatches);
  const first = epochBatches(0);
  const { source, close } = pixelSource(decoded, network.features, silent);
  const { program } = createTrainer({
    engine: recipe.engine,
    precision: precisionOf(recipe),
    devices: devicesOf(recipe),
    rematerialise: recipe.checkpoint === 'stage',
    xla: recipe.xla,
    network,
    plan,
    optimizer: createOptimizer(options.optimizer),
    clipNorm: options.clipNorm,
    objective,
    weights,
    batch: (first[0] as Int32Array).length,
    featureBatch: FEATURE_BATCH,
    side: recipe.data.side,
    mixed: phase === 'classification' && recipe.classification?.mix != null,
  });
  const test = new RangeTest();
  let going = true;
  try {
    await runPhase(
      {
        name: phase,
        program,
        epochs: Math.ceil(sweep.steps / first.length),
        stepsPerEpoch: first.length,
        now: () => performance.now(),
        stopped: () => !going || stopped(),
        seed: seed & 0x7fffffff,
        batches: (epoch, fromStep) => loader.batches(plans(epoch, fromStep)),
        labelOf: phase === 'classification' ? (sample) => bench.classifierLabels.get(sample) as number : source.labelOf,
        rateAt: (at) => sweepRate(sweep, at),
        watch,
        onStep(position, { loss }) {
          step();
          going = test.add(sweepRate(sweep, position.step - 1), loss as number) && position.step < sweep.steps;
        },
        onNotFinite(position) {
          test.add(sweepRate(sweep, position.step), Number.NaN);
          throw new RanAway();
        },
        onEpoch: async () => {},
        onStop: async () => {},
      },
      START,
    ).catch((error: unknown) => {
      // Every image the same: no number is lost, and yet nothing more is learned at such a rate.
      if (error instanceof Collapsed) test.add(sweepRate(sweep, error.collapse.step - 1), Number.NaN);
      else if (!(error instanceof RanAway)) throw error;
    });
    if (stopped()) throw new Interrupted('stopped; a range test keeps nothing');
    return test.curve();
  } finally {
    program.close();
    close();
  }
}
