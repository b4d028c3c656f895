import { divisible } from '../divisible.js';
import type { Family, Variant } from '../family.js';
import { IMAGENET, kerasNames, type Layout, MINUS_ONE_TO_ONE, pytorchNames } from '../layout.js';
import { type BuilderOptions, type StageName, type Topology, TopologyBuilder } from '../topology.js';

/** How often, stride of the first, expansion, channels out, and the stage by resolution; conv4 ends with block 12. */
const GROUPS: readonly (readonly [repeats: number, stride: number, expansion: number, channels: number, stage: StageName])[] = [
  [1, 1, 1, 16, 'conv1'],
  [2, 2, 6, 24, 'conv2'],
  [3, 2, 6, 32, 'conv3'],
  [4, 2, 6, 64, 'conv4'],
  [3, 1, 6, 96, 'conv4'],
  [3, 2, 6, 160, 'conv5'],
  [1, 1, 6, 320, 'conv5'],
];

const PYTORCH: BuilderOptions = { padding: 'symmetric', epsilon: 1e-5, momentum: 0.9, activation: 'relu6' };
const TENSORFLOW: BuilderOptions = { padding: 'same', epsilon: 1e-3, momentum: 0.999, activation: 'relu6' };

/** `stem`, `block0` … `block16` with `_expand`, `_depthwise`, `_project` and `_add`, and `top`. `alpha` is the share of the channels. */
function topology(alpha: number, options: BuilderOptions): Topology {
  const net = new TopologyBuilder(options);
  net.convNorm('stem', divisible(32 * alpha), { size: 3, stride: 2 });
  let block = 0;
  for (const [repeats, first, expansion, channels, stage] of GROUPS) {
    net.enter(stage);
    for (let repeat = 0; repeat < repeats; repeat++, block++) {
      const name = `block${block}`;
      const start = net.place;
      const outputs = divisible(Math.floor(channels * alpha));
      const stride = repeat === 0 ? first : 1;
      if (expansion > 1) net.convNorm(`${name}_expand`, start.channels * expansion);
      net.depthwiseNorm(`${name}_depthwise`, { size: 3, stride }).convNorm(`${name}_project`, outputs, { activation: null });
      if (stride === 1 && start.channels === outputs) net.sum(`${name}_add`, start);
    }
  }
  net.convNorm('top', alpha > 1 ? divisible(1280 * alpha) : 1280);
  return net.endFeatures().globalPool('pool').dense('classifier', 1000).finish();
}

/** Block and part of a layer, and whether it is the BatchNorm. */
function partOf(layer: string): { block: number | undefined; part: string; norm: boolean } {
  const [, block, part = '', norm] = /^(?:block(\d+)_)?(\w+?)(_bn)?$/.exec(layer) ?? [];
  return { block: block === undefined ? undefined : Number(block), part, norm: norm !== undefined };
}

const torchvision: Layout['nameOf'] = pytorchNames((layer) => {
  const { block, part, norm } = partOf(layer);
  if (part === 'classifier') return 'classifier.1';
  if (block === undefined) return `features.${part === 'stem' ? 0 : 18}.${norm ? 1 : 0}`;
  // Block 0 has no expansion, so all in it comes one earlier.
  const at = ['expand', 'depthwise', 'project'].indexOf(part) - (block === 0 ? 1 : 0);
  const module = part === 'project' ? `${norm ? at + 1 : at}` : `${at}.${norm ? 1 : 0}`;
  return `features.${block + 1}.conv.${module}`;
});

/** Groups of timm: blocks 10–12 (96 channels) are a group of their own. */
const STARTS = [0, 1, 3, 6, 10, 13, 16];
const timm: Layout['nameOf'] = pytorchNames((layer) => {
  const { block, part, norm } = partOf(layer);
  if (part === 'classifier') return 'classifier';
  if (block === undefined) return part === 'stem' ? (norm ? 'bn1' : 'conv_stem') : norm ? 'bn2' : 'conv_head';
  const group = STARTS.findLastIndex((start) => start <= block);
  const parts = block === 0 ? ['depthwise', 'project'] : ['expand', 'depthwise', 'project'];
  const convs = block === 0 ? ['conv_dw', 'conv_pw'] : ['conv_pw', 'conv_dw', 'conv_pwl'];
  const at = parts.indexOf(part);
  return `blocks.${group}.${block - (STARTS[group] as number)}.${norm ? `bn${at + 1}` : convs[at]}`;
});

const keras: Layout['nameOf'] = kerasNames((layer) => {
  const { block, part, norm } = partOf(layer);
  if (part === 'classifier') return 'predictions';
  if (part === 'stem') return norm ? 'bn_Conv1' : 'Conv1';
  if (part === 'top') return norm ? 'Conv_1_bn' : 'Conv_1';
  return `${block === 0 ? 'expanded_conv' : `block_${block}`}_${part}${norm ? '_BN' : ''}`;
});

const pytorch = (name: 'torchvision' | 'timm', nameOf: Layout['nameOf']): Layout => ({
  name,
  order: 'pytorch',
  preprocessing: IMAGENET,
  nameOf,
});

export const mobilenetV2: Family = {
  name: 'mobilenet-v2',
  paper: 'Sandler et al. 2018, MobileNetV2: Inverted Residuals and Linear Bottlenecks',
  variants: [
    {
      name: 'mobilenet-v2',
      side: 224,
      topology: () => topology(1, PYTORCH),
      layouts: [pytorch('torchvision', torchvision), pytorch('timm', timm)],
    },
    ...[1, 0.35, 0.5, 0.75, 1.3, 1.4].map(
      (alpha): Variant => ({
        name: `mobilenet-v2${alpha === 1 ? '' : `-${alpha}`}.tf`,
        side: 224,
        topology: () => topology(alpha, TENSORFLOW),
        layouts: [{ name: 'keras', order: 'keras', preprocessing: MINUS_ONE_TO_ONE, nameOf: keras }],
      }),
    ),
  ],
};
