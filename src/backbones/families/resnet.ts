import type { Family, Variant } from '../family.js';
import { CAFFE, IMAGENET, kerasNames, type Layout, pytorchNames } from '../layout.js';
import { STAGES, type Topology, TopologyBuilder } from '../topology.js';

const BLOCKS = { 18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3] } as const;
type Depth = keyof typeof BLOCKS;

/**
 * Version 1 strides in the first convolution of a block and has biases beside its BatchNorms, as in Keras; 1.5 strides in the 3×3 one, as in
 * torchvision and timm.
 */
interface Version {
  readonly stridesFirst: boolean;
  readonly bias: boolean;
  readonly epsilon: number;
  readonly momentum: number;
}
const V15: Version = { stridesFirst: false, bias: false, epsilon: 1e-5, momentum: 0.9 };
const V1: Version = { stridesFirst: true, bias: true, epsilon: 1.001e-5, momentum: 0.99 };

/**
 * `conv1`, `conv1_pool`; block 2 of conv3 is `conv3_2_{a,b,c}` (18 and 34 layers: `a` and `b`), `conv3_1_proj` beside the first, each with
 * its `_bn` and, but for the last, `_relu`; then `conv3_2_add` and `conv3_2_relu`.
 */
function topology(depth: Depth, { stridesFirst, bias, epsilon, momentum }: Version): Topology {
  const net = new TopologyBuilder({ padding: 'symmetric', epsilon, momentum, activation: 'relu' });
  const bottleneck = depth >= 50;
  net.convNorm('conv1', 64, { size: 7, stride: 2, bias }).maxPool('conv1_pool', { size: 3, padding: 1 });
  for (const [at, stage] of STAGES.slice(1).entries()) {
    net.enter(stage);
    const width = 64 << at;
    const outputs = bottleneck ? 4 * width : width;
    for (let block = 1; block <= BLOCKS[depth][at]!; block++) {
      const name = `${stage}_${block}`;
      const stride = at > 0 && block === 1 ? 2 : 1;
      const start = net.place;
      if (stride > 1 || start.channels !== outputs) net.convNorm(`${name}_proj`, outputs, { stride, bias, activation: null });
      const shortcut = net.place;
      net.from(start);
      if (bottleneck) {
        net.convNorm(`${name}_a`, width, { stride: stridesFirst ? stride : 1, bias });
        net.convNorm(`${name}_b`, width, { size: 3, stride: stridesFirst ? 1 : stride, bias });
        net.convNorm(`${name}_c`, outputs, { bias, activation: null });
      } else {
        net
          .convNorm(`${name}_a`, width, { size: 3, stride, bias })
          .convNorm(`${name}_b`, width, { size: 3, bias, activation: null });
      }
      net.sum(`${name}_add`, shortcut).activation(name);
    }
  }
  return net.endFeatures().globalPool('pool').dense('fc', 1000).finish();
}

const PARTS = ['a', 'b', 'c'];

/** torchvision's and timm's: `conv3_1_b_bn` is `layer2.0.bn2`. */
const torchvision: Layout['nameOf'] = pytorchNames((layer) => {
  if (layer === 'fc') return 'fc';
  if (layer === 'conv1') return 'conv1';
  if (layer === 'conv1_bn') return 'bn1';
  const [, stage, block, part = '', norm] = /^conv(\d)_(\d+)_(\w+?)(_bn)?$/.exec(layer) ?? [];
  const module = part === 'proj' ? `downsample.${norm ? 1 : 0}` : `${norm ? 'bn' : 'conv'}${PARTS.indexOf(part) + 1}`;
  return `layer${Number(stage) - 1}.${Number(block) - 1}.${module}`;
});

/** Keras': `conv3_1_b_bn` is `conv3_block1_2_bn`, the projection is number 0. */
const keras: Layout['nameOf'] = kerasNames((layer) => {
  if (layer === 'fc') return 'predictions';
  if (layer.startsWith('conv1')) return layer === 'conv1' ? 'conv1_conv' : 'conv1_bn';
  const [, stage, block, part = '', norm] = /^conv(\d)_(\d+)_(\w+?)(_bn)?$/.exec(layer) ?? [];
  return `conv${stage}_block${block}_${PARTS.indexOf(part) + 1}_${norm ? 'bn' : 'conv'}`;
});

const pytorch = (name: 'torchvision' | 'timm'): Layout => ({
  name,
  order: 'pytorch',
  preprocessing: IMAGENET,
  nameOf: torchvision,
});

export const resnet: Family = {
  name: 'resnet',
  paper: 'He et al. 2015, Deep Residual Learning for Image Recognition',
  variants: [
    ...([18, 34, 50, 101, 152] as const).map(
      (depth): Variant => ({
        name: `resnet${depth}`,
        side: 224,
        topology: () => topology(depth, V15),
        layouts: [pytorch('torchvision'), pytorch('timm')],
      }),
    ),
    ...([50, 101, 152] as const).map(
      (depth): Variant => ({
        name: `resnet${depth}-v1`,
        side: 224,
        topology: () => topology(depth, V1),
        layouts: [{ name: 'keras', order: 'keras', bgr: true, preprocessing: CAFFE, nameOf: keras }],
      }),
    ),
  ],
};
