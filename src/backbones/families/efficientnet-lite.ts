import { divisible } from '../divisible.js';
import type { Family, Variant } from '../family.js';
import { type Layout, MINUS_ONE_TO_ONE } from '../layout.js';
import { type Topology, TopologyBuilder } from '../topology.js';
import { GROUPS, lukemelas, timmNames } from './efficientnet.js';

/** Width and depth against Lite0, and the side that it was trained at. */
const SCALES = [
  [1, 1, 224],
  [1, 1.1, 240],
  [1.1, 1.2, 260],
  [1.2, 1.4, 280],
  [1.4, 1.8, 300],
] as const;

/** Blocks of each group: the first and the last are never repeated. */
const repeatsOf = (depth: number) =>
  GROUPS.map(({ repeats }, at) => (at === 0 || at === GROUPS.length - 1 ? repeats : Math.ceil(depth * repeats)));

/**
 * EfficientNet without squeeze-and-excitation, ReLU6 in place of swish, stem and top of fixed width. Padding is TensorFlow's SAME
 * everywhere: at stride 2 it lies at the end alone where the side is even (3×3: 0 before, 1 after; 5×5: 1 and 2), on both sides where it is
 * odd.
 *
 * Named `stem`, `block0` … with `_expand`, `_depthwise`, `_project` and `_add`, and `top`; each convolution is followed by its `_bn` and, but
 * for `_project`, its `_relu6`.
 */
export function efficientnetLite(number: number): Topology {
  const [width, depth] = SCALES[number] as (typeof SCALES)[number];
  const net = new TopologyBuilder({ padding: 'same', epsilon: 1e-3, momentum: 0.99, activation: 'relu6' });
  const repeats = repeatsOf(depth);
  net.convNorm('stem', 32, { size: 3, stride: 2 });
  let block = 0;
  for (const [at, { size, stride, expansion, channels, stage }] of GROUPS.entries()) {
    net.enter(stage);
    for (let repeat = 0; repeat < (repeats[at] as number); repeat++, block++) {
      const name = `block${block}`;
      const start = net.place;
      if (expansion > 1) net.convNorm(`${name}_expand`, start.channels * expansion);
      net.depthwiseNorm(`${name}_depthwise`, { size, stride: repeat === 0 ? stride : 1 });
      net.convNorm(`${name}_project`, divisible(channels * width), { activation: null });
      if (repeat > 0) net.sum(`${name}_add`, start);
    }
  }
  net.convNorm('top', 1280);
  return net.endFeatures().globalPool('pool').dense('classifier', 1000).finish();
}

export const efficientnetLiteFamily: Family = {
  name: 'efficientnet-lite',
  paper: 'Liu 2020, Higher accuracy on vision models with EfficientNet-Lite; Tan & Le 2019',
  variants: SCALES.map(([, depth, side], number): Variant => {
    const of = (name: 'timm' | 'efficientnet-pytorch', nameOf: Layout['nameOf']): Layout => ({
      name,
      order: 'pytorch',
      preprocessing: name === 'timm' ? MINUS_ONE_TO_ONE : { mean: [127, 127, 127], std: [128, 128, 128] },
      nameOf,
    });
    return {
      name: `efficientnet-lite${number}`,
      side,
      topology: () => efficientnetLite(number),
      layouts: [of('timm', timmNames(repeatsOf(depth))), of('efficientnet-pytorch', lukemelas)],
    };
  }),
};
