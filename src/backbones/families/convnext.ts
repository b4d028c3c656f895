import type { Family, Variant } from '../family.js';
import { IMAGENET, kerasNames, type Layout, pytorchNames } from '../layout.js';
import { STAGES, type Topology, TopologyBuilder, type VariableShape } from '../topology.js';

const BLOCKS = { tiny: [3, 3, 9, 3], small: [3, 3, 27, 3] } as const;
type Size = keyof typeof BLOCKS;
const CHANNELS = [96, 192, 384, 768];
const EPSILON = 1e-6;

/**
 * `conv1` and `conv1_ln`; block 2 of conv3 is `conv3_2_depthwise`, `_ln`, `_expand` (with `_gelu`), `_project`, `_scale` and `_add`; a stage
 * begins with `conv3_down_ln` and `conv3_down`.
 */
function topology(size: Size): Topology {
  const net = new TopologyBuilder({ padding: 'symmetric', epsilon: EPSILON, momentum: 0.9, activation: 'gelu' });
  net.conv('conv1', CHANNELS[0]!, { size: 4, stride: 4, padding: 0, bias: true }).layerNorm('conv1_ln', EPSILON);
  for (const [at, stage] of STAGES.slice(1).entries()) {
    net.enter(stage);
    const channels = CHANNELS[at]!;
    if (at > 0)
      net.layerNorm(`${stage}_down_ln`, EPSILON).conv(`${stage}_down`, channels, { size: 2, stride: 2, padding: 0, bias: true });
    for (let block = 1; block <= BLOCKS[size][at]!; block++) {
      const [name, start] = [`${stage}_${block}`, net.place];
      net.depthwise(`${name}_depthwise`, { size: 7, bias: true }).layerNorm(`${name}_ln`, EPSILON);
      net.conv(`${name}_expand`, 4 * channels, { bias: true }).activation(`${name}_expand`);
      net.conv(`${name}_project`, channels, { bias: true }).scale(`${name}_scale`).sum(`${name}_add`, start);
    }
  }
  return net.endFeatures().globalPool('pool').layerNorm('head_ln', EPSILON).dense('classifier', 1000).finish();
}

/** Stage from 0, block from 0 (undefined outside blocks), and the part. */
function partOf(layer: string): { stage: number; block: number | undefined; part: string } {
  const [, stage, block, part = ''] = /^conv(\d)_(?:(\d+)_)?(\w+)$/.exec(layer) ?? [];
  return { stage: Number(stage) - 2, block: block === undefined ? undefined : Number(block) - 1, part };
}

const scaled = ({ layer }: VariableShape) => layer.endsWith('_scale');

const TORCHVISION = new Map([
  ['depthwise', 0],
  ['ln', 2],
  ['expand', 3],
  ['project', 5],
]);
const torchvisionModules = (layer: string): string => {
  if (layer === 'classifier') return 'classifier.2';
  if (layer === 'head_ln') return 'classifier.0';
  if (layer.startsWith('conv1')) return `features.0.${layer === 'conv1' ? 0 : 1}`;
  const { stage, block, part } = partOf(layer);
  if (block === undefined) return `features.${2 * stage}.${part === 'down' ? 1 : 0}`;
  return `features.${2 * stage + 1}.${block}.${part === 'scale' ? 'layer_scale' : `block.${TORCHVISION.get(part)}`}`;
};

const TIMM = new Map([
  ['depthwise', 'conv_dw'],
  ['ln', 'norm'],
  ['expand', 'mlp.fc1'],
  ['project', 'mlp.fc2'],
  ['scale', 'gamma'],
]);
const timmModules = (layer: string): string => {
  if (layer === 'classifier') return 'head.fc';
  if (layer === 'head_ln') return 'head.norm';
  if (layer.startsWith('conv1')) return `stem.${layer === 'conv1' ? 0 : 1}`;
  const { stage, block, part } = partOf(layer);
  return block === undefined
    ? `stages.${stage}.downsample.${part === 'down' ? 1 : 0}`
    : `stages.${stage}.blocks.${block}.${TIMM.get(part)}`;
};

const KERAS = new Map([
  ['depthwise', 'depthwise_conv'],
  ['ln', 'layernorm'],
  ['expand', 'pointwise_conv_1'],
  ['project', 'pointwise_conv_2'],
  ['scale', 'layer_scale'],
]);
const kerasModules =
  (size: Size) =>
  (layer: string): string => {
    const model = `convnext_${size}`;
    if (layer === 'classifier') return `${model}_head_dense`;
    if (layer === 'head_ln') return `${model}_head_layernorm`;
    if (layer.startsWith('conv1')) return `${model}_stem_${layer === 'conv1' ? 'conv' : 'layernorm'}`;
    const { stage, block, part } = partOf(layer);
    if (block === undefined) return `${model}_downsampling_${part === 'down' ? 'conv' : 'layernorm'}_${stage - 1}`;
    return `${model}_stage_${stage}_block_${block}_${KERAS.get(part)}`;
  };

/** The factors of the channels have a name of their own in place of `weight`. */
function named(names: Layout['nameOf'], modules: (layer: string) => string, suffix: string): Layout['nameOf'] {
  return (variable) => (scaled(variable) ? `${modules(variable.layer)}${suffix}` : names(variable));
}

export const convnext: Family = {
  name: 'convnext',
  paper: 'Liu et al. 2022, A ConvNet for the 2020s',
  variants: (Object.keys(BLOCKS) as Size[]).map((size): Variant => {
    const keras = kerasModules(size);
    return {
      name: `convnext-${size}`,
      side: 224,
      topology: () => topology(size),
      // Keras' files without the classifier normalise the map behind the last block, which the classifier does behind its pool.
      leftOut: /^layer_normalization(_\d+)?\//,
      layouts: [
        {
          name: 'torchvision',
          order: 'pytorch',
          preprocessing: IMAGENET,
          nameOf: named(pytorchNames(torchvisionModules), torchvisionModules, ''),
        },
        { name: 'timm', order: 'pytorch', preprocessing: IMAGENET, nameOf: named(pytorchNames(timmModules), timmModules, '') },
        { name: 'keras', order: 'keras', preprocessing: IMAGENET, nameOf: named(kerasNames(keras), keras, '/gamma') },
      ],
    };
  }),
};
