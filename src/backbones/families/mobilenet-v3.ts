import { divisible } from '../divisible.js';
import type { Family, Variant } from '../family.js';
import { IMAGENET, kerasNames, type Layout, MINUS_ONE_TO_ONE, pytorchNames } from '../layout.js';
import { squeezeExcite } from '../squeeze-excite.js';
import { type BuilderOptions, type StageName, type Topology, TopologyBuilder } from '../topology.js';

interface Block {
  readonly size: number;
  readonly expanded: number;
  readonly outputs: number;
  readonly squeezed: boolean;
  readonly activation: 'relu' | 'hard-swish';
  readonly stride: number;
  readonly stage: StageName;
}

const block = (
  size: number,
  expanded: number,
  outputs: number,
  squeezed: boolean,
  activation: Block['activation'],
  stride: number,
  stage: StageName,
): Block => ({ size, expanded, outputs, squeezed, activation, stride, stage });

/** Tables 1 and 2 of the paper. */
const SIZES = {
  large: {
    hidden: 1280,
    blocks: [
      block(3, 16, 16, false, 'relu', 1, 'conv1'),
      block(3, 64, 24, false, 'relu', 2, 'conv2'),
      block(3, 72, 24, false, 'relu', 1, 'conv2'),
      block(5, 72, 40, true, 'relu', 2, 'conv3'),
      block(5, 120, 40, true, 'relu', 1, 'conv3'),
      block(5, 120, 40, true, 'relu', 1, 'conv3'),
      block(3, 240, 80, false, 'hard-swish', 2, 'conv4'),
      block(3, 200, 80, false, 'hard-swish', 1, 'conv4'),
      block(3, 184, 80, false, 'hard-swish', 1, 'conv4'),
      block(3, 184, 80, false, 'hard-swish', 1, 'conv4'),
      block(3, 480, 112, true, 'hard-swish', 1, 'conv4'),
      block(3, 672, 112, true, 'hard-swish', 1, 'conv4'),
      block(5, 672, 160, true, 'hard-swish', 2, 'conv5'),
      block(5, 960, 160, true, 'hard-swish', 1, 'conv5'),
      block(5, 960, 160, true, 'hard-swish', 1, 'conv5'),
    ],
  },
  small: {
    hidden: 1024,
    blocks: [
      block(3, 16, 16, true, 'relu', 2, 'conv2'),
      block(3, 72, 24, false, 'relu', 2, 'conv3'),
      block(3, 88, 24, false, 'relu', 1, 'conv3'),
      block(5, 96, 40, true, 'hard-swish', 2, 'conv4'),
      block(5, 240, 40, true, 'hard-swish', 1, 'conv4'),
      block(5, 240, 40, true, 'hard-swish', 1, 'conv4'),
      block(5, 120, 48, true, 'hard-swish', 1, 'conv4'),
      block(5, 144, 48, true, 'hard-swish', 1, 'conv4'),
      block(5, 288, 96, true, 'hard-swish', 2, 'conv5'),
      block(5, 576, 96, true, 'hard-swish', 1, 'conv5'),
      block(5, 576, 96, true, 'hard-swish', 1, 'conv5'),
    ],
  },
} as const;
type Size = keyof typeof SIZES;

const PYTORCH: BuilderOptions = { padding: 'symmetric', epsilon: 1e-3, momentum: 0.99, activation: 'hard-swish' };
const TENSORFLOW: BuilderOptions = { ...PYTORCH, padding: 'same', momentum: 0.999 };

/**
 * `stem`; `block3` with `_expand`, `_depthwise`, `_se_reduce` and `_se_expand` (squeeze-and-excitation), `_project` and `_add`; `top`. In
 * Keras block 0 of the small one, which has nothing to expand, squeezes to 8 channels like torchvision's.
 */
function topology(size: Size, options: BuilderOptions): Topology {
  const net = new TopologyBuilder(options);
  const { blocks, hidden } = SIZES[size];
  net.convNorm('stem', 16, { size: 3, stride: 2 });
  for (const [at, { size: window, expanded, outputs, squeezed, activation, stride, stage }] of blocks.entries()) {
    net.enter(stage);
    const name = `block${at}`;
    const start = net.place;
    if (expanded !== start.channels) net.convNorm(`${name}_expand`, expanded, { activation });
    net.depthwiseNorm(`${name}_depthwise`, { size: window, stride, activation });
    if (squeezed) squeezeExcite(net, name, divisible(expanded / 4), 'relu', 'hard-sigmoid');
    net.convNorm(`${name}_project`, outputs, { activation: null });
    if (stride === 1 && start.channels === outputs) net.sum(`${name}_add`, start);
  }
  net.convNorm('top', net.place.channels * 6);
  net.endFeatures().globalPool('pool').dense('hidden', hidden).activation('hidden');
  return net.dense('classifier', 1000).finish();
}

function partOf(layer: string): { at: number | undefined; part: string; norm: boolean } {
  const [, at, part = '', norm] = /^(?:block(\d+)_)?(\w+?)(_bn)?$/.exec(layer) ?? [];
  return { at: at === undefined ? undefined : Number(at), part, norm: norm !== undefined };
}

function torchvision(size: Size): Layout['nameOf'] {
  const { blocks } = SIZES[size];
  return pytorchNames((layer) => {
    const { at, part, norm } = partOf(layer);
    if (part === 'hidden') return 'classifier.0';
    if (part === 'classifier') return 'classifier.3';
    if (at === undefined) return `features.${part === 'stem' ? 0 : blocks.length + 1}.${norm ? 1 : 0}`;
    const { squeezed } = blocks[at] as Block;
    const expands = expansionOf(blocks, at);
    const parts = [...(expands ? ['expand'] : []), 'depthwise', ...(squeezed ? ['se'] : []), 'project'];
    const inside = part.startsWith('se_') ? (part === 'se_reduce' ? 'fc1' : 'fc2') : norm ? '1' : '0';
    return `features.${at + 1}.block.${parts.indexOf(part.startsWith('se_') ? 'se' : part)}.${inside}`;
  });
}

function expansionOf(blocks: readonly Block[], at: number): boolean {
  const before = at === 0 ? 16 : (blocks[at - 1] as Block).outputs;
  return (blocks[at] as Block).expanded !== before;
}

/** timm counts blocks within groups of one resolution and width. */
function timm(size: Size): Layout['nameOf'] {
  const { blocks } = SIZES[size];
  const places = groupsOf(blocks);
  return pytorchNames((layer) => {
    const { at, part, norm } = partOf(layer);
    if (part === 'classifier') return 'classifier';
    if (part === 'hidden') return 'conv_head';
    if (at === undefined) {
      if (part === 'stem') return norm ? 'bn1' : 'conv_stem';
      return `blocks.${(places.at(-1)?.[0] ?? 0) + 1}.0.${norm ? 'bn1' : 'conv'}`;
    }
    const [group, inside] = places[at] as readonly [number, number];
    const prefix = `blocks.${group}.${inside}`;
    if (part === 'se_reduce') return `${prefix}.se.conv_reduce`;
    if (part === 'se_expand') return `${prefix}.se.conv_expand`;
    const expands = expansionOf(blocks, at);
    const parts = expands ? ['expand', 'depthwise', 'project'] : ['depthwise', 'project'];
    const convs = expands ? ['conv_pw', 'conv_dw', 'conv_pwl'] : ['conv_dw', 'conv_pw'];
    const index = parts.indexOf(part);
    return `${prefix}.${norm ? `bn${index + 1}` : convs[index]}`;
  });
}

function groupsOf(blocks: readonly Block[]): (readonly [group: number, inside: number])[] {
  const places: (readonly [number, number])[] = [];
  for (const [at, { outputs }] of blocks.entries()) {
    const [group, inside] = places.at(-1) ?? [-1, 0];
    const goesOn = at > 0 && (blocks[at - 1] as Block).outputs === outputs;
    places.push(goesOn ? [group, inside + 1] : [group + 1, 0]);
  }
  return places;
}

const KERAS_SE = new Map([
  ['se_reduce', 'squeeze_excite_conv'],
  ['se_expand', 'squeeze_excite_conv_1'],
]);
const keras: Layout['nameOf'] = kerasNames((layer) => {
  const { at, part, norm } = partOf(layer);
  if (part === 'hidden') return 'conv_2';
  if (part === 'classifier') return 'logits';
  const end = norm ? '_bn' : '';
  if (at === undefined) return `${part === 'stem' ? 'conv' : 'conv_1'}${end}`;
  return `expanded_conv_${at === 0 ? '' : `${at}_`}${KERAS_SE.get(part) ?? part}${end}`;
});

export const mobilenetV3: Family = {
  name: 'mobilenet-v3',
  paper: 'Howard et al. 2019, Searching for MobileNetV3',
  variants: (['small', 'large'] as const).flatMap((size): Variant[] => [
    {
      name: `mobilenet-v3-${size}`,
      side: 224,
      topology: () => topology(size, PYTORCH),
      layouts: [{ name: 'torchvision', order: 'pytorch', preprocessing: IMAGENET, nameOf: torchvision(size) }],
    },
    {
      name: `mobilenet-v3-${size}.timm`,
      side: 224,
      topology: () => topology(size, { ...PYTORCH, epsilon: 1e-5, momentum: 0.9 }),
      layouts: [{ name: 'timm', order: 'pytorch', preprocessing: IMAGENET, nameOf: timm(size) }],
    },
    {
      name: `mobilenet-v3-${size}.tf`,
      side: 224,
      topology: () => topology(size, TENSORFLOW),
      layouts: [{ name: 'keras', order: 'keras', preprocessing: MINUS_ONE_TO_ONE, nameOf: keras }],
    },
  ]),
};
