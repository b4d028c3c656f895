import type { Family } from '../family.js';
import { kerasNames, type Layout, MINUS_ONE_TO_ONE } from '../layout.js';
import { STAGES, type Topology, TopologyBuilder } from '../topology.js';

const BLOCKS = { 50: [3, 4, 6, 3], 101: [3, 4, 23, 3] } as const;
type Depth = keyof typeof BLOCKS;

/**
 * BatchNorm and ReLU before each convolution: block 2 of conv3 is `conv3_2_pre` (with `_relu`), `_a`, `_b` and `_c`; `conv3_1_proj` beside
 * the first. The last block of a stage strides, as in Keras, and its shortcut takes every second place (`conv3_4_shortcut`).
 */
function topology(depth: Depth): Topology {
  const net = new TopologyBuilder({ padding: 'symmetric', epsilon: 1.001e-5, momentum: 0.99, activation: 'relu' });
  net.conv('conv1', 64, { size: 7, stride: 2, bias: true });
  // The map may be negative, so the zeros around it may win.
  net.zeroPad('conv1_pad', [1, 1, 1, 1]).maxPool('conv1_pool', { size: 3, padding: 0 });
  for (const [at, stage] of STAGES.slice(1).entries()) {
    net.enter(stage);
    const width = 64 << at;
    const blocks = BLOCKS[depth][at]!;
    for (let block = 1; block <= blocks; block++) {
      const name = `${stage}_${block}`;
      const stride = block === blocks && at < 3 ? 2 : 1;
      const start = net.place;
      const before = net.norm(`${name}_pre`).activation(`${name}_pre`).place;
      let shortcut = start;
      if (block === 1) shortcut = net.conv(`${name}_proj`, 4 * width, { stride, bias: true }).place;
      else if (stride > 1) shortcut = net.from(start).maxPool(`${name}_shortcut`, { size: 1, stride, padding: 0 }).place;
      net.from(before).convNorm(`${name}_a`, width).convNorm(`${name}_b`, width, { size: 3, stride });
      net.conv(`${name}_c`, 4 * width, { bias: true }).sum(`${name}_add`, shortcut);
    }
  }
  net.norm('post_bn').activation('post');
  return net.endFeatures().globalPool('pool').dense('fc', 1000).finish();
}

const PARTS = ['proj', 'a', 'b', 'c'];
const keras: Layout['nameOf'] = kerasNames((layer) => {
  if (layer === 'fc') return 'predictions';
  if (layer === 'conv1') return 'conv1_conv';
  if (layer === 'post_bn') return 'post_bn';
  const [, stage, block, part = '', norm] = /^conv(\d)_(\d+)_(\w+?)(_bn)?$/.exec(layer) ?? [];
  const module = part === 'pre' ? 'preact_bn' : `${PARTS.indexOf(part)}_${norm ? 'bn' : 'conv'}`;
  return `conv${stage}_block${block}_${module}`;
});

export const resnetV2: Family = {
  name: 'resnet-v2',
  paper: 'He et al. 2016, Identity Mappings in Deep Residual Networks',
  variants: ([50, 101] as const).map((depth) => ({
    name: `resnet${depth}-v2`,
    side: 224,
    topology: () => topology(depth),
    layouts: [{ name: 'keras', order: 'keras', preprocessing: MINUS_ONE_TO_ONE, nameOf: keras }],
  })),
};
