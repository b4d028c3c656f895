import { createOptimizer } from '../../src/optimizers/registry.js';
import { silent } from '../../src/progress.js';
import { requireDevices } from '../../src/runtime/several.js';
import { classificationObjective } from '../../src/train/objectives.js';
import { LOOK_EVERY } from '../../src/train/phase.js';
import { type FrozenPart, frozenPart, Prefix } from '../../src/train/prefix.js';
import { isStageFigure } from '../../src/train/stage-figures.js';
import { createTrainer, weightsOf } from '../../src/train/trainer.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import { u } from '../train/formula.js';
import { stepOperations } from './gpu/work.js';
import type { NetworkName } from './network-names.js';
import { benchNetwork, formulaValues } from './networks.js';

export interface TrainingOptions {
  readonly network: NetworkName;
  readonly until: string;
  readonly batch: number;
  readonly side: number;
  readonly classes: number;
  readonly dropout: number;
  readonly rate: number;
  /** Steps from the maps that the frozen part made of the batch, as with data.views. */
  readonly maps: boolean;
  readonly precision: 'fp32' | 'bf16';
  /** Whether stages are computed once more on the way back. */
  readonly rematerialise?: boolean;
  readonly xla?: boolean;
  /** Steps of one call of the program. */
  readonly stepsPerCall?: number;
  /** How many cards, or with FT_CPU_DEVICES parts of the processor, a step is spread over. */
  readonly devices?: number;
}

/** A classification phase on one batch over and over; weights and batch come from the formula. The same in peer.py. */
export interface Training {
  /** Numbers that the optimizer moves. */
  readonly trainable: number;
  /** Floating-point operations of a step, an image. */
  readonly operations: number;
  /** Runs the steps of one call, from the one of this number (from 0) on, and gives their losses. */
  steps(at: number): number[];
  close(): void;
}

export async function benchTraining(options: TrainingOptions): Promise<Training> {
  const { batch, side, classes, stepsPerCall = 1 } = options;
  const network = await benchNetwork(options.network, silent);
  const plan = planPhase(
    network,
    denseHead(network.features, classes),
    'classification',
    {
      freeze: { until: options.until },
      batchNorm: 'frozen',
      rate: options.rate,
      newLayers: 1,
      decay: 1,
      multipliers: [],
      optimizer: { weightDecay: 5e-4 },
    },
    side,
  );
  const weights = {
    ...weightsOf(network),
    'head/kernel': formulaValues('head/kernel', 'kernel', [network.features, classes]),
    'head/bias': formulaValues('head/bias', 'bias', [classes]),
  };
  const pixels = formulaPixels(batch, side);
  const part = options.maps ? frozenPart(network, plan, side) : null;
  const images = part === null ? { pixels } : { map: mapsOf(part, weights, pixels, batch, side) };
  requireDevices(options.devices ?? 1);
  const { program } = createTrainer({
    engine: 'traced',
    network,
    plan,
    optimizer: createOptimizer({ name: 'sgd', momentum: 0.9 }),
    clipNorm: null,
    objective: classificationObjective({ dropout: options.dropout, smoothing: 0 }),
    weights,
    precision: options.precision,
    rematerialise: options.rematerialise === true,
    xla: options.xla === true,
    inOneCall: stepsPerCall > 1,
    devices: options.devices ?? 1,
    batch,
    featureBatch: batch,
    side,
    ...(part === null ? {} : { entries: { step: part.entry(), features: part.entry() } }),
  });
  const labels = Int32Array.from({ length: batch }, (_, image) => (image * 37) % classes);
  return {
    trainable: plan.totals.trainable,
    operations: stepOperations(network, plan, side),
    steps(at) {
      const feedOf = (step: number) => ({
        ...images,
        labels,
        rate: Float32Array.of(options.rate),
        step: Float32Array.of(step + 1),
        seed: Int32Array.of(7, step),
        ...(stepsPerCall > 1 && { going: Float32Array.of(1) }),
      });
      if (stepsPerCall > 1) {
        const feeds = Array.from({ length: stepsPerCall }, (_, ahead) => feedOf(at + ahead));
        return program.runEach('step', feeds).map(({ loss }) => Number(loss?.[0]));
      }
      // As the loop does: the stages' figures now and then.
      const { loss } = program.run('step', feedOf(at), (output) => at % LOOK_EVERY === 0 || !isStageFigure(output));
      return [Number(loss?.[0])];
    },
    close: () => program.close(),
  };
}

function formulaPixels(batch: number, side: number): Uint8Array {
  const drawn = u('pixels', batch * side * side * 3);
  const pixels = new Uint8Array(drawn.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.floor(((drawn[i] as number) + 0.5) * 256);
  return pixels;
}

function mapsOf(
  part: FrozenPart,
  weights: Record<string, Float32Array>,
  pixels: Uint8Array,
  batch: number,
  side: number,
): Float32Array {
  const prefix = new Prefix('traced', part, weights, batch, side);
  const maps = prefix.run(pixels, batch).slice();
  prefix.close();
  return maps;
}
