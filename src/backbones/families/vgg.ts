import type { Family, Variant } from '../family.js';
import { CAFFE, IMAGENET, kerasNames, type Layout, pytorchNames } from '../layout.js';
import { STAGES, type Topology, TopologyBuilder, type VariableShape } from '../topology.js';

/** Convolutions of each of the five blocks. */
const DEPTHS = { 11: [1, 1, 2, 2, 2], 13: [2, 2, 2, 2, 2], 16: [2, 2, 3, 3, 3], 19: [2, 2, 4, 4, 4] } as const;
type Depth = keyof typeof DEPTHS;
const CHANNELS = [64, 128, 256, 512, 512];

/**
 * Blocks of 3×3 convolutions with a pool after each: `conv3_2` is the second of block 3, with its `_relu` (and `_bn`), `conv3_pool` the
 * pool. The classifier is written as convolutions (`fc6` of 7 × 7 places), so that 224 pixels give one score for each class.
 */
function topology(depth: Depth, normalised: boolean): Topology {
  const net = new TopologyBuilder({ padding: 'symmetric', epsilon: 1e-5, momentum: 0.9, activation: 'relu' });
  for (const [at, stage] of STAGES.entries()) {
    net.enter(stage);
    for (let i = 1; i <= DEPTHS[depth][at]!; i++) {
      const name = `${stage}_${i}`;
      net.conv(name, CHANNELS[at]!, { size: 3, bias: true });
      if (normalised) net.norm(`${name}_bn`);
      net.activation(name);
    }
    net.maxPool(`${stage}_pool`, { size: 2, padding: 0 });
  }
  net.endFeatures();
  net.conv('fc6', 4096, { size: 7, padding: 0, bias: true }).activation('fc6');
  net.conv('fc7', 4096, { bias: true }).activation('fc7');
  return net.conv('fc8', 1000, { bias: true }).globalPool('logits').finish();
}

/** Modules of torchvision's `features` are counted: convolution, (BatchNorm,) ReLU, and the pools between. */
function torchvision(depth: Depth, normalised: boolean): Layout['nameOf'] {
  const places = new Map<string, number>();
  let at = 0;
  for (const [block, stage] of STAGES.entries()) {
    for (let i = 1; i <= DEPTHS[depth][block]!; i++) {
      places.set(`${stage}_${i}`, at++);
      if (normalised) places.set(`${stage}_${i}_bn`, at++);
      at++;
    }
    at++;
  }
  const classifier = new Map([
    ['fc6', 0],
    ['fc7', 3],
    ['fc8', 6],
  ]);
  return pytorchNames((layer) => {
    const place = places.get(layer);
    return place === undefined ? `classifier.${classifier.get(layer)}` : `features.${place}`;
  });
}

/** As torchvision's, with `fc6` and `fc7` as convolutions under names of their own. */
function timm(depth: Depth, normalised: boolean): Layout['nameOf'] {
  const features = torchvision(depth, normalised);
  const head = new Map([
    ['fc6', 'pre_logits.fc1'],
    ['fc7', 'pre_logits.fc2'],
    ['fc8', 'head.fc'],
  ]);
  const ofHead = pytorchNames((layer) => head.get(layer) as string);
  return (variable: VariableShape) => (head.has(variable.layer) ? ofHead : features)(variable);
}

const KERAS_HEAD = new Map([
  ['fc6', 'fc1'],
  ['fc7', 'fc2'],
  ['fc8', 'predictions'],
]);
const keras: Layout = {
  name: 'keras',
  order: 'keras',
  bgr: true,
  preprocessing: CAFFE,
  nameOf: kerasNames((layer) => KERAS_HEAD.get(layer) ?? layer.replace(/^conv(\d)_(\d)$/, 'block$1_conv$2')),
};

function variant(depth: Depth, normalised: boolean): Variant {
  const of = (name: 'torchvision' | 'timm', nameOf: Layout['nameOf']): Layout => ({
    name,
    order: 'pytorch',
    preprocessing: IMAGENET,
    nameOf,
  });
  return {
    name: `vgg${depth}${normalised ? '-bn' : ''}`,
    side: 224,
    topology: () => topology(depth, normalised),
    layouts: [
      of('torchvision', torchvision(depth, normalised)),
      of('timm', timm(depth, normalised)),
      ...(!normalised && depth >= 16 ? [keras] : []),
    ],
  };
}

export const vgg: Family = {
  name: 'vgg',
  paper: 'Simonyan & Zisserman 2014, Very Deep Convolutional Networks for Large-Scale Image Recognition',
  variants: ([11, 13, 16, 19] as const).flatMap((depth) => [variant(depth, false), variant(depth, true)]),
};
