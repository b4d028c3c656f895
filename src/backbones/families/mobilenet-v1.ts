import type { Family } from '../family.js';
import { kerasNames, type Layout, MINUS_ONE_TO_ONE } from '../layout.js';
import { type StageName, type Topology, TopologyBuilder } from '../topology.js';

/** Channels, stride of the depthwise convolution, and the stage by resolution; conv4 ends with block 11. */
const BLOCKS: readonly (readonly [channels: number, stride: number, stage: StageName])[] = [
  [64, 1, 'conv1'],
  [128, 2, 'conv2'],
  [128, 1, 'conv2'],
  [256, 2, 'conv3'],
  [256, 1, 'conv3'],
  [512, 2, 'conv4'],
  ...Array.from({ length: 5 }, () => [512, 1, 'conv4'] as const),
  [1024, 2, 'conv5'],
  [1024, 1, 'conv5'],
];

/** `conv1`; block 3 is `conv_dw_3` and `conv_pw_3`, each with its `_bn` and `_relu`. `alpha` is the share of the channels. */
function topology(alpha: number): Topology {
  const net = new TopologyBuilder({ padding: 'same', epsilon: 1e-3, momentum: 0.99, activation: 'relu6' });
  const relu = (name: string) => net.activation(name, 'relu6', `${name}_relu`);
  const width = (channels: number) => Math.floor(channels * alpha);
  net.conv('conv1', width(32), { size: 3, stride: 2 }).norm('conv1_bn');
  relu('conv1');
  for (const [at, [channels, stride, stage]] of BLOCKS.entries()) {
    net.enter(stage);
    const [dw, pw] = [`conv_dw_${at + 1}`, `conv_pw_${at + 1}`];
    // Keras pads at the end, whatever the side.
    net.depthwise(dw, { size: 3, stride, padding: stride === 2 ? [0, 1, 0, 1] : 'same' }).norm(`${dw}_bn`);
    relu(dw);
    net.conv(pw, width(channels)).norm(`${pw}_bn`);
    relu(pw);
  }
  net.endFeatures().globalPool('pool', true).conv('conv_preds', 1000, { bias: true });
  return net.globalPool('logits').finish();
}

const keras: Layout = { name: 'keras', order: 'keras', preprocessing: MINUS_ONE_TO_ONE, nameOf: kerasNames((layer) => layer) };

export const mobilenetV1: Family = {
  name: 'mobilenet-v1',
  paper: 'Howard et al. 2017, MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications',
  variants: [1, 0.75, 0.5, 0.25].map((alpha) => ({
    name: alpha === 1 ? 'mobilenet-v1' : `mobilenet-v1-${alpha}`,
    side: 224,
    topology: () => topology(alpha),
    layouts: [keras],
  })),
};
