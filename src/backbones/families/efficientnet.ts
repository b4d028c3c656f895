import { divisible } from '../divisible.js';
import type { Family, Variant } from '../family.js';
import { IMAGENET, kerasNames, type Layout, pytorchNames } from '../layout.js';
import { squeezeExcite } from '../squeeze-excite.js';
import { type BuilderOptions, type StageName, type Topology, TopologyBuilder, type VariableShape } from '../topology.js';

export interface Group {
  readonly repeats: number;
  readonly size: number;
  readonly stride: number;
  readonly expansion: number;
  readonly channels: number;
  readonly stage: StageName;
}

/** Table 1 of the paper (B0); stages by resolution, conv4 ends with the 112 channels. */
export const GROUPS: readonly Group[] = [
  { repeats: 1, size: 3, stride: 1, expansion: 1, channels: 16, stage: 'conv1' },
  { repeats: 2, size: 3, stride: 2, expansion: 6, channels: 24, stage: 'conv2' },
  { repeats: 2, size: 5, stride: 2, expansion: 6, channels: 40, stage: 'conv3' },
  { repeats: 3, size: 3, stride: 2, expansion: 6, channels: 80, stage: 'conv4' },
  { repeats: 3, size: 5, stride: 1, expansion: 6, channels: 112, stage: 'conv4' },
  { repeats: 4, size: 5, stride: 2, expansion: 6, channels: 192, stage: 'conv5' },
  { repeats: 1, size: 3, stride: 1, expansion: 6, channels: 320, stage: 'conv5' },
];

/** Width and depth against B0, and the side that it was trained at. */
const SCALES = { b0: [1, 1, 224], b1: [1, 1.1, 240], b2: [1.1, 1.2, 260], b3: [1.2, 1.4, 300] } as const;
type Scale = keyof typeof SCALES;

const PYTORCH: BuilderOptions = { padding: 'symmetric', epsilon: 1e-5, momentum: 0.9, activation: 'swish' };
const TENSORFLOW: BuilderOptions = { padding: 'same', epsilon: 1e-3, momentum: 0.99, activation: 'swish' };

/**
 * `stem`, `block0` … with `_expand`, `_depthwise`, `_se_reduce` and `_se_expand` (squeeze-and-excitation), `_project` and `_add`, and `top`;
 * each convolution is followed by its `_bn` and, but for `_project`, its activation.
 */
function topology(scale: Scale, options: BuilderOptions): Topology {
  const [width, depth] = SCALES[scale];
  const net = new TopologyBuilder(options);
  net.convNorm('stem', divisible(32 * width), { size: 3, stride: 2 });
  let block = 0;
  for (const { repeats, size, stride, expansion, channels, stage } of GROUPS) {
    net.enter(stage);
    for (let repeat = 0; repeat < Math.ceil(depth * repeats); repeat++, block++) {
      const name = `block${block}`;
      const start = net.place;
      if (expansion > 1) net.convNorm(`${name}_expand`, start.channels * expansion);
      net.depthwiseNorm(`${name}_depthwise`, { size, stride: repeat === 0 ? stride : 1 });
      squeezeExcite(net, name, Math.max(1, Math.floor(start.channels / 4)), 'swish', 'sigmoid');
      net.convNorm(`${name}_project`, divisible(channels * width), { activation: null });
      if (repeat > 0) net.sum(`${name}_add`, start);
    }
  }
  net.convNorm('top', divisible(1280 * width));
  return net.endFeatures().globalPool('pool').dense('classifier', 1000).finish();
}

/** Where a layer stands: its group, its place in the group and in all, and its part. */
interface Spot {
  readonly group: number;
  readonly inside: number;
  readonly block: number;
  readonly part: string;
  readonly norm: boolean;
}

/** Null for the stem, the top and the classifier. */
export function spotOf(layer: string, repeats: readonly number[]): Spot | null {
  const [, digits, part = '', norm] = /^block(\d+)_(\w+?)(_bn)?$/.exec(layer) ?? [];
  if (digits === undefined) return null;
  const block = Number(digits);
  let inside = block;
  let group = 0;
  while (inside >= (repeats[group] as number)) inside -= repeats[group++] as number;
  return { group, inside, block, part, norm: norm !== undefined };
}

function torchvision(repeats: readonly number[]): Layout['nameOf'] {
  return pytorchNames((layer) => {
    const spot = spotOf(layer, repeats);
    if (spot === null)
      return layer === 'classifier'
        ? 'classifier.1'
        : `features.${layer.startsWith('stem') ? 0 : 8}.${layer.endsWith('_bn') ? 1 : 0}`;
    const { group, inside, part, norm } = spot;
    const parts = ['expand', 'depthwise', 'se', 'project'].slice(group === 0 ? 1 : 0);
    const squeeze = part.startsWith('se_');
    const end = squeeze ? (part === 'se_reduce' ? 'fc1' : 'fc2') : norm ? '1' : '0';
    return `features.${group + 1}.${inside}.block.${parts.indexOf(squeeze ? 'se' : part)}.${end}`;
  });
}

/** timm's names, of EfficientNet and of its Lite form. */
export function timmNames(repeats: readonly number[]): Layout['nameOf'] {
  return pytorchNames((layer) => {
    const spot = spotOf(layer, repeats);
    if (spot === null) {
      if (layer === 'classifier') return 'classifier';
      return layer.startsWith('stem') ? (layer === 'stem' ? 'conv_stem' : 'bn1') : layer === 'top' ? 'conv_head' : 'bn2';
    }
    const { group, inside, part, norm } = spot;
    const prefix = `blocks.${group}.${inside}`;
    if (part.startsWith('se_')) return `${prefix}.se.conv_${part.slice('se_'.length)}`;
    const parts = ['expand', 'depthwise', 'project'].slice(group === 0 ? 1 : 0);
    const convs = group === 0 ? ['conv_dw', 'conv_pw'] : ['conv_pw', 'conv_dw', 'conv_pwl'];
    const at = parts.indexOf(part);
    return `${prefix}.${norm ? `bn${at + 1}` : convs[at]}`;
  });
}

/** Names of the package efficientnet-pytorch, of EfficientNet and of its Lite form. */
export const lukemelas: Layout['nameOf'] = pytorchNames((layer) => {
  const spot = spotOf(layer, [Number.POSITIVE_INFINITY]);
  if (spot === null) {
    if (layer === 'classifier') return '_fc';
    return layer.startsWith('stem') ? (layer === 'stem' ? '_conv_stem' : '_bn0') : layer === 'top' ? '_conv_head' : '_bn1';
  }
  const { block, part, norm } = spot;
  const module = norm
    ? `_bn${['expand', 'depthwise', 'project'].indexOf(part)}`
    : part.startsWith('se_')
      ? `_${part}`
      : `_${part}_conv`;
  return `_blocks.${block}.${module}`;
});

function keras(repeats: readonly number[]): Layout['nameOf'] {
  return kerasNames((layer) => {
    const spot = spotOf(layer, repeats);
    if (spot === null)
      return layer === 'classifier'
        ? 'predictions'
        : `${layer.startsWith('stem') ? 'stem' : 'top'}_${layer.endsWith('_bn') ? 'bn' : 'conv'}`;
    const { group, inside, part, norm } = spot;
    const end = {
      expand: norm ? 'expand_bn' : 'expand_conv',
      depthwise: norm ? 'bn' : 'dwconv',
      project: norm ? 'project_bn' : 'project_conv',
    };
    return `block${group + 1}${String.fromCharCode(97 + inside)}_${end[part as keyof typeof end] ?? part}`;
  });
}

export const efficientnet: Family = {
  name: 'efficientnet',
  paper: 'Tan & Le 2019, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks',
  variants: (Object.keys(SCALES) as Scale[]).flatMap((scale): Variant[] => {
    const [, depth, side] = SCALES[scale];
    const repeats = GROUPS.map((group) => Math.ceil(depth * group.repeats));
    const of = (name: Layout['name'], nameOf: (variable: VariableShape) => string): Layout => ({
      name,
      order: name === 'keras' ? 'keras' : 'pytorch',
      preprocessing: IMAGENET,
      nameOf,
    });
    return [
      {
        name: `efficientnet-${scale}`,
        side,
        topology: () => topology(scale, PYTORCH),
        layouts: [of('torchvision', torchvision(repeats)), of('timm', timmNames(repeats))],
      },
      {
        name: `efficientnet-${scale}.tf`,
        side,
        topology: () => topology(scale, TENSORFLOW),
        layouts: [of('keras', keras(repeats)), of('timm', timmNames(repeats)), of('efficientnet-pytorch', lukemelas)],
        // The statistics of the input, which preprocessing has.
        leftOut: /^normalization(_\d+)?\//,
      },
    ];
  }),
};
