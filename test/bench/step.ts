/**
 * Times ft's training step in a process of its own, so that peak memory belongs to it, and prints one line of JSON.
 *   tsx test/bench/step.ts --network resnet50-thin --until conv3
 */
import { parseArgs } from 'node:util';
import { median, type StepFigures } from './figures.js';
import type { NetworkName } from './network-names.js';
import { benchTraining } from './training.js';

const { values } = parseArgs({
  options: {
    network: { type: 'string', default: 'resnet50-thin' },
    until: { type: 'string', default: 'none' },
    batch: { type: 'string', default: '64' },
    side: { type: 'string', default: '128' },
    classes: { type: 'string', default: '797' },
    dropout: { type: 'string', default: '0.2' },
    rate: { type: 'string', default: '1e-4' },
    maps: { type: 'boolean', default: false },
    precision: { type: 'string', default: 'fp32' },
    checkpoint: { type: 'string', default: 'off' },
    xla: { type: 'boolean', default: false },
    'steps-per-call': { type: 'string', default: '1' },
    devices: { type: 'string', default: '1' },
    warm: { type: 'string', default: '2' },
    /** Timed steps at most; none is begun after as many seconds, from the third on. */
    steps: { type: 'string', default: '9' },
    seconds: { type: 'string', default: 'Infinity' },
  },
});
const batch = Number(values.batch);
const warm = Number(values.warm);
const stepsPerCall = Number(values['steps-per-call']);

const training = await benchTraining({
  network: values.network as NetworkName,
  until: values.until,
  batch,
  side: Number(values.side),
  classes: Number(values.classes),
  dropout: Number(values.dropout),
  rate: Number(values.rate),
  maps: values.maps,
  precision: values.precision as 'fp32' | 'bf16',
  rematerialise: values.checkpoint === 'stage',
  xla: values.xla,
  stepsPerCall,
  devices: Number(values.devices),
});
const seconds: number[] = [];
const losses: number[] = [];
let spent = 0;
// Steps of one call take a share of its time each.
for (let call = 0; call < warm + Number(values.steps) && (seconds.length < 3 || spent < Number(values.seconds)); call++) {
  const began = performance.now();
  losses.push(...training.steps(call * stepsPerCall));
  const took = (performance.now() - began) / 1000 / stepsPerCall;
  if (call < warm) continue;
  seconds.push(took);
  spent += took;
}
training.close();
const figures: StepFigures = {
  engine: 'ft',
  seconds: { median: median(seconds), min: Math.min(...seconds), max: Math.max(...seconds) },
  imagesPerSecond: batch / median(seconds),
  peakMiB: process.resourceUsage().maxRSS / 1024,
  trainable: training.trainable,
  operations: training.operations,
  losses,
  version: process.version,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
