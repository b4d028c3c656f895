/**
 * Times ft's training step in a process of its own, so that peak memory belongs to it, and prints one line of JSON.
 *   tsx test/bench/step.ts --network resnet50-thin --until conv3
 */
import { parseArgs } from 'node:util';
import { createOptimizer } from '../../src/optimizers/registry.js';
import { silent } from '../../src/progress.js';
import { classificationObjective } from '../../src/train/objectives.js';
import { LOOK_EVERY } from '../../src/train/phase.js';
import { type FrozenPart, frozenPart, Prefix } from '../../src/train/prefix.js';
import { isStageFigure } from '../../src/train/stage-figures.js';
import { createTrainer } from '../../src/train/trainer.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';
import { u } from '../train/formula.js';
import { median, type StepFigures } from './figures.js';
import { benchNetwork, formulaValues, type NetworkName } from './networks.js';

const { values } = parseArgs({
  options: {
    network: { type: 'string', default: 'resnet50-thin' },
    until: { type: 'string', default: 'none' },
    batch: { type: 'string', default: '64' },
    side: { type: 'string', default: '128' },
    classes: { type: 'string', default: '797' },
    dropout: { type: 'string', default: '0.2' },
    rate: { type: 'string', default: '1e-4' },
    /** Steps from the maps that the frozen part made of the batch, as with data.views. */
    maps: { type: 'boolean', default: false },
    precision: { type: 'string', default: 'fp32' },
    warm: { type: 'string', default: '2' },
    steps: { type: 'string', default: '9' },
  },
});
const [batch, side, classes, warm, steps] = [values.batch, values.side, values.classes, values.warm, values.steps].map(
  Number,
) as [number, number, number, number, number];

function formulaPixels(): Uint8Array {
  const drawn = u('pixels', batch * side * side * 3);
  const pixels = new Uint8Array(drawn.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.floor(((drawn[i] as number) + 0.5) * 256);
  return pixels;
}

async function main(): Promise<void> {
  const network = await benchNetwork(values.network as NetworkName, silent);
  const plan = planPhase(
    network,
    denseHead(network.features, classes),
    'classification',
    {
      freeze: { until: values.until },
      batchNorm: 'frozen',
      rate: Number(values.rate),
      newLayers: 1,
      decay: 1,
      multipliers: [],
      optimizer: { weightDecay: 5e-4 },
    },
    side,
  );
  const weights = {
    ...Object.fromEntries([...network.variables].map(([name, variable]) => [name, variable.values])),
    'head/kernel': formulaValues('head/kernel', 'kernel', [network.features, classes]),
    'head/bias': formulaValues('head/bias', 'bias', [classes]),
  };
  const pixels = formulaPixels();
  const part = values.maps ? frozenPart(network, plan, side) : null;
  const images = part === null ? { pixels } : { map: mapsOf(part, weights, pixels) };
  const { program } = createTrainer({
    engine: 'traced',
    network,
    plan,
    optimizer: createOptimizer({ name: 'sgd', momentum: 0.9 }),
    clipNorm: null,
    objective: classificationObjective({ dropout: Number(values.dropout), smoothing: 0 }),
    weights,
    precision: values.precision as 'fp32' | 'bf16',
    batch,
    featureBatch: batch,
    side,
    ...(part === null ? {} : { entries: { step: part.entry, features: part.entry } }),
  });
  const labels = Int32Array.from({ length: batch }, (_, image) => (image * 37) % classes);
  const seconds: number[] = [];
  const losses: number[] = [];
  for (let step = 0; step < warm + steps; step++) {
    const began = performance.now();
    const feed = {
      ...images,
      labels,
      rate: Float32Array.of(Number(values.rate)),
      step: Float32Array.of(step + 1),
      seed: Int32Array.of(7, step),
    };
    // As the loop does: the stages' figures now and then.
    const { loss } = program.run('step', feed, (output) => step % LOOK_EVERY === 0 || !isStageFigure(output));
    if (step >= warm) seconds.push((performance.now() - began) / 1000);
    losses.push(Number(loss?.[0]));
  }
  program.close();
  const figures: StepFigures = {
    engine: 'ft',
    seconds: { median: median(seconds), min: Math.min(...seconds), max: Math.max(...seconds) },
    imagesPerSecond: batch / median(seconds),
    peakMiB: process.resourceUsage().maxRSS / 1024,
    trainable: plan.totals.trainable,
    losses,
    version: process.version,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

function mapsOf(part: FrozenPart, weights: Record<string, Float32Array>, pixels: Uint8Array): Float32Array {
  const prefix = new Prefix('traced', part, weights, batch, side);
  const maps = prefix.run(pixels, batch).slice();
  prefix.close();
  return maps;
}

await main();
