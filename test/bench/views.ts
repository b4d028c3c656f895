/**
 * Views rendered in a graph, on whatever TensorFlow computes on, beside those of one thread of the host: how many bytes differ and by how
 * much, and how the times compare.
 *   node --import tsx test/bench/views.ts [side] [batches]
 */
import process from 'node:process';
import { type AugmentOptions, augment } from '../../src/data/augment.js';
import { drawMix, mixPixels } from '../../src/data/augment-mix.js';
import { drawsOf, planEpoch } from '../../src/data/batch.js';
import { randomStream } from '../../src/data/random.js';
import type { Network } from '../../src/network/network.js';
import { createProgram } from '../../src/runtime/program.js';
import type { Tensor } from '../../src/runtime/tensorflow.js';
import type { Tensors } from '../../src/runtime/trace/trace.js';
import { renderingOf } from '../../src/train/view-draws.js';
import { viewEntry, viewValues } from '../../src/train/view-entry.js';

const [side = 224, batches = 8] = process.argv.slice(2).map(Number);
const BATCH = 64;
const bytes = side * side * 3;
const moved = { flip: 0.5, scale: [0.7, 1.05], aspect: 0.1, rotation: 10, shift: 0.08, colour: 0.2 } as const;
const crop = { area: [0.4, 1], ratio: [0.75, 4 / 3] } as const;
const erase = { probability: 0.5, area: [0.02, 0.33], ratio: [0.3, 3.3], fill: 'mean' } as const;
const CASES: [name: string, options: AugmentOptions, mix: { probability: number; mixup: number; cutmix: number } | null][] = [
  ['sampling and colours', moved, null],
  ['all that a step renders', { ...moved, crop, hue: 0.1, grey: 0.2, erase }, { probability: 1, mixup: 0.4, cutmix: 1 }],
];
/** Half noise, half waves. */
const stream = randomStream(1, 'augment');
const images = new Uint8Array(BATCH * bytes);
for (let at = 0; at < images.length; at++)
  images[at] = Math.floor(at / bytes) % 2 === 0 ? stream.below(256) : 128 + 100 * Math.sin(at / 97) * Math.cos(at / (5 * side));

const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1] as number;
const network = { preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] } } as unknown as Network;
for (const [name, options, mix] of CASES) {
  const rendering = renderingOf(options, mix, false);
  const entry = viewEntry(network, side, 'decoded', rendering);
  const fn = (inputs: Tensors) => ({ outputs: { map: entry.map(inputs) as Tensor } });
  const tables = { decoded: { rows: BATCH, shape: [side, side, 3], format: 'uint8' as const } };
  const program = createProgram('traced', {}, { render: { signature: { inputs: entry.inputs(BATCH) }, fn } }, { tables });
  program.put('decoded', 0, images);
  const [onHost, inGraph]: [number[], number[]] = [[], []];
  let [differing, most] = [0, 0];
  const order = Int32Array.from({ length: BATCH }, (_, at) => at);
  for (const plan of planEpoch(Array(batches).fill(order), 0)) {
    const draws = drawsOf({ augment: options, seed: 1 }, plan, side) ?? [];
    const mixed = mix === null ? undefined : drawMix(mix, 1, 0, plan.first, BATCH, side);
    const began = performance.now();
    const views = new Uint8Array(BATCH * bytes);
    draws.forEach((draw, at) => {
      augment(images.subarray(at * bytes, (at + 1) * bytes), side, draw, views.subarray(at * bytes, (at + 1) * bytes));
    });
    const host = mixed === undefined ? views : mixPixels(views, side, mixed);
    const between = performance.now();
    const { map } = program.run('render', { pixels: plan.indices, ...viewValues(rendering, draws, mixed, side) });
    onHost.push(between - began);
    inGraph.push(performance.now() - between);
    (map as Float32Array).forEach((value, at) => {
      const apart = Math.abs(value - (host[at] as number));
      if (apart === 0) return;
      differing++;
      most = Math.max(most, apart);
    });
  }
  program.close();
  const share = differing / (batches * BATCH * bytes);
  process.stdout.write(
    `${name}: ${(median(inGraph) / median(onHost)).toFixed(2)} of the time of one thread; of the bytes ${share.toExponential(1)} differ, by ${most} at most\n`,
  );
}
