/** Views that a step renders, against those of the host, byte by byte. */
import { describe, expect, it } from 'vitest';
import { type AugmentOptions, augment } from '../../src/data/augment.js';
import { drawMix, type MixOptions, mixPixels } from '../../src/data/augment-mix.js';
import { drawsOf, planEpoch } from '../../src/data/batch.js';
import { randomStream } from '../../src/data/random.js';
import type { Network } from '../../src/network/network.js';
import { createProgram } from '../../src/runtime/program.js';
import type { Tensor } from '../../src/runtime/tensorflow.js';
import type { Tensors } from '../../src/runtime/trace/trace.js';
import { hostOnly, renderingOf } from '../../src/train/view-draws.js';
import { viewEntry, viewValues } from '../../src/train/view-entry.js';

const SIDE = 25;
const BATCH = 8;
const BYTES = SIDE * SIDE * 3;
/** Its normalisation is none, so that a step's first map is the views. */
const network = { preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] } } as unknown as Network;

const STILL: AugmentOptions = { flip: 0, scale: [1, 1], aspect: 0, rotation: 0, shift: 0, colour: 0 };
const MOVED: AugmentOptions = { flip: 0.5, scale: [0.7, 1.3], aspect: 0.2, rotation: 30, shift: 0.2, colour: 0 };
const crop = { area: [0.3, 0.9], ratio: [0.7, 1.4] } as const;
const erase = { probability: 0.8, area: [0.1, 0.4], ratio: [0.5, 2] } as const;

const IMAGES = 24;
/**
 * One half is noise, the worst that there can be: neighbours differ by 85 levels on average. The other is as photos are: smooth, with
 * edges and large plain parts.
 */
const images = ((stream) =>
  Uint8Array.from({ length: IMAGES * BYTES }, (_, at) => {
    const [image, y, x, channel] = [Math.floor(at / BYTES), Math.floor(at / 3 / SIDE) % SIDE, Math.floor(at / 3) % SIDE, at % 3];
    if (image < IMAGES / 2) return stream.below(256);
    if (x > y + (image % 10)) return 40 * channel + 10 * image;
    return 110 + 90 * Math.sin(x / 5 + image) * Math.cos(y / (4 + channel) - image);
  }))(randomStream(7, 'augment'));

interface Compared {
  /** Share of the bytes that differ. */
  readonly share: number;
  /** By how many levels at most. */
  readonly most: number;
  /** Share of the host's bytes that are not the image's. */
  readonly changed: number;
}

/** Renders three batches of eight both ways. */
function compared(options: AugmentOptions | null, mix: MixOptions | null, compiled = false): Compared {
  const rendering = renderingOf(options, mix, compiled);
  const entry = viewEntry(network, SIDE, 'decoded', rendering);
  const render = {
    signature: { inputs: entry.inputs(BATCH) },
    fn: (inputs: Tensors) => ({ outputs: { map: entry.map(inputs) as Tensor } }),
    compiled,
  };
  const tables = { decoded: { rows: IMAGES, shape: [SIDE, SIDE, 3], format: 'uint8' as const } };
  const program = createProgram('traced', {}, { render }, { tables });
  program.put('decoded', 0, images.subarray(0, 5 * BYTES));
  program.put('decoded', 5, images.subarray(5 * BYTES));
  const order = Int32Array.from({ length: IMAGES }, (_, at) => (7 * at) % IMAGES);
  const batches = [0, 1, 2].map((step) => order.slice(step * BATCH, (step + 1) * BATCH));
  let [differing, most, changed, wrong] = [0, 0, 0, 0];
  for (const plan of planEpoch(batches, 2)) {
    const draws = drawsOf({ augment: options, seed: 3 }, plan, SIDE);
    const mixed = mix === null ? undefined : drawMix(mix, 3, 2, plan.first, BATCH, SIDE);
    const [sources, views] = [new Uint8Array(BATCH * BYTES), new Uint8Array(BATCH * BYTES)];
    plan.indices.forEach((image, at) => {
      const source = images.subarray(image * BYTES, (image + 1) * BYTES);
      sources.set(source, at * BYTES);
      const target = views.subarray(at * BYTES, (at + 1) * BYTES);
      const draw = draws?.[at];
      if (draw === undefined) target.set(source);
      else augment(source, SIDE, draw, target);
    });
    const host = mixed === undefined ? views : mixPixels(views, SIDE, mixed);
    const fed = { pixels: plan.indices, ...viewValues(rendering, draws, mixed, SIDE) };
    (program.run('render', fed).map as Float32Array).forEach((value, at) => {
      if (!Number.isInteger(value) || value < 0 || value > 255) wrong++;
      const apart = Math.abs(value - (host[at] as number));
      if (apart > 0) differing++;
      if (host[at] !== sources[at]) changed++;
      most = Math.max(most, apart);
    });
  }
  program.close();
  expect(wrong).toBe(0);
  const all = IMAGES * BYTES;
  return { share: differing / all, most, changed: changed / all };
}

const GEOMETRY = ['identity', 'shear-x', 'shear-y', 'translate-x', 'translate-y', 'rotate'] as const;
const CHANGES: [name: string, options: AugmentOptions | null, mix: MixOptions | null, changed: number][] = [
  ['nothing', null, null, 0],
  ['a draw that changes nothing', STILL, null, 0],
  ['turns, stretches, shifts and mirrors', MOVED, null, 0.5],
  ['crops, some upside down', { ...MOVED, crop, flipVertical: 0.5 }, null, 0.5],
  ["RandAugment's geometry", { ...STILL, randAugment: { operations: 2, magnitude: 9, of: GEOMETRY } }, null, 0.5],
  ['colours', { ...STILL, colour: 0.4 }, null, 0.5],
  ['hue', { ...STILL, hue: 0.5 }, null, 0.5],
  ['grey', { ...STILL, grey: 0.5 }, null, 0.2],
  ['a rectangle of the mean colour', { ...STILL, erase: { ...erase, fill: 'mean' } }, null, 0.1],
  ['a black rectangle', { ...STILL, erase: { ...erase, fill: 'black' } }, null, 0.1],
  ['mixup', null, { probability: 1, mixup: 0.8, cutmix: null }, 0.2],
  ['CutMix', null, { probability: 1, mixup: null, cutmix: 1 }, 0.05],
  [
    'all of them',
    { ...MOVED, crop, flipVertical: 0.5, colour: 0.4, hue: 0.2, grey: 0.3, erase: { ...erase, fill: 'mean' } },
    { probability: 0.7, mixup: 0.4, cutmix: 1 },
    0.5,
  ],
];

/** Turned by its hue, (r, g, b) gives (1 − c)·r − g + (1 + c)·b or the like, |c| ≤ 1: three levels where each of them is one off. */
const mostOf = (options: AugmentOptions | null) => (options?.hue && options.colour > 0 ? 3 : 1);

describe('a view that a step renders', () => {
  it.each(CHANGES)("is the host's, but for one in 500 bytes that lies between two levels: %s", (_, options, mix, changed) => {
    const found = compared(options, mix);
    expect(found.changed).toBeGreaterThanOrEqual(changed);
    expect(found.most).toBeLessThanOrEqual(mostOf(options));
    expect(found.share).toBeLessThan(changed === 0 ? 1e-9 : 2e-3);
  });

  it('is the same where XLA compiles the step', () => {
    const [, options, mix] = CHANGES.at(-1) as (typeof CHANGES)[number];
    const found = compared(options, mix, true);
    expect(found.most).toBeLessThanOrEqual(mostOf(options));
    expect(found.share).toBeLessThan(2e-3);
  });

  it('is refused where the host alone renders a change', () => {
    const blur = { probability: 1, sigma: [1, 2] } as const;
    const randAugment = { operations: 1, magnitude: 9, of: ['rotate', 'posterize', 'equalize'] } as const;
    const options: AugmentOptions = { ...STILL, blur, randAugment, erase: { ...erase, fill: 'noise' } };
    expect(hostOnly(options)).toEqual(['randAugment (posterize, equalize)', 'blur', 'erase (fill: noise)']);
    expect(() => renderingOf(options, null, false)).toThrow('randAugment (posterize, equalize) and blur and erase (fill: noise)');
    expect(hostOnly({ ...STILL, randAugment: { ...randAugment, of: GEOMETRY } })).toEqual([]);
    expect(hostOnly(null)).toEqual([]);
  });
});
