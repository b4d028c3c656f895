import type { Family } from '../family.js';
import { type Layout, MINUS_ONE_TO_ONE, pytorchNames } from '../layout.js';
import { type StageName, type Topology, TopologyBuilder } from '../topology.js';

/** Channels of the branches: 1×1; 3×3 reduced and out; "5×5" reduced and out; behind the pool. */
const MODULES: readonly (readonly [name: string, stage: StageName, channels: readonly number[]])[] = [
  ['3a', 'conv3', [64, 96, 128, 16, 32, 32]],
  ['3b', 'conv3', [128, 128, 192, 32, 96, 64]],
  ['4a', 'conv4', [192, 96, 208, 16, 48, 64]],
  ['4b', 'conv4', [160, 112, 224, 24, 64, 64]],
  ['4c', 'conv4', [128, 128, 256, 24, 64, 64]],
  ['4d', 'conv4', [112, 144, 288, 32, 64, 64]],
  ['4e', 'conv4', [256, 160, 320, 32, 128, 128]],
  ['5a', 'conv5', [256, 160, 320, 32, 128, 128]],
  ['5b', 'conv5', [384, 192, 384, 48, 128, 128]],
];

/**
 * Inception v1 with BatchNorm, as torchvision has it: what the paper draws as 5×5 is 3×3 there. `conv1`, `conv2_a`, `conv2_b`; module 4a is
 * `inception_4a_1x1`, `_3x3_reduce`, `_3x3`, `_5x5_reduce`, `_5x5`, `_pool` and `_pool_proj`, put together in `inception_4a`.
 */
function topology(): Topology {
  const net = new TopologyBuilder({ padding: 'symmetric', epsilon: 1e-3, momentum: 0.9, activation: 'relu' });
  const pool = (name: string, size: number) => net.maxPool(name, { size, padding: 0, ceil: true });
  net.convNorm('conv1', 64, { size: 7, stride: 2 }).enter('conv2');
  pool('conv2_pool', 3);
  net.convNorm('conv2_a', 64).convNorm('conv2_b', 192, { size: 3 }).enter('conv3');
  pool('conv3_pool', 3);
  for (const [id, stage, [one = 0, reduce3 = 0, three = 0, reduce5 = 0, five = 0, pooled = 0]] of MODULES) {
    if (id === '4a' || id === '5a') {
      net.enter(stage);
      pool(`${stage}_pool`, id === '4a' ? 3 : 2);
    }
    const name = `inception_${id}`;
    const start = net.place;
    const branches = [
      net.convNorm(`${name}_1x1`, one).place,
      net.from(start).convNorm(`${name}_3x3_reduce`, reduce3).convNorm(`${name}_3x3`, three, { size: 3 }).place,
      net.from(start).convNorm(`${name}_5x5_reduce`, reduce5).convNorm(`${name}_5x5`, five, { size: 3 }).place,
      net
        .from(start)
        .maxPool(`${name}_pool`, { size: 3, stride: 1, padding: 1, ceil: true })
        .convNorm(`${name}_pool_proj`, pooled).place,
    ];
    net.concat(name, branches);
  }
  return net.endFeatures().globalPool('pool').dense('fc', 1000).finish();
}

const STEM = new Map([
  ['conv1', 'conv1'],
  ['conv2_a', 'conv2'],
  ['conv2_b', 'conv3'],
]);
const BRANCHES = new Map([
  ['1x1', 'branch1'],
  ['3x3_reduce', 'branch2.0'],
  ['3x3', 'branch2.1'],
  ['5x5_reduce', 'branch3.0'],
  ['5x5', 'branch3.1'],
  ['pool_proj', 'branch4.1'],
]);

const torchvision: Layout['nameOf'] = pytorchNames((layer) => {
  if (layer === 'fc') return 'fc';
  const norm = layer.endsWith('_bn');
  const name = norm ? layer.slice(0, -'_bn'.length) : layer;
  const [, id, branch = ''] = /^inception_(\w\w)_(\w+)$/.exec(name) ?? [];
  const module = id === undefined ? STEM.get(name) : `inception${id}.${BRANCHES.get(branch)}`;
  return `${module}.${norm ? 'bn' : 'conv'}`;
});

export const googlenet: Family = {
  name: 'googlenet',
  paper: 'Szegedy et al. 2014, Going Deeper with Convolutions',
  variants: [
    {
      name: 'googlenet',
      side: 224,
      topology,
      // torchvision's weights take −1 … 1: the model turns its usual input into that (`transform_input`).
      layouts: [{ name: 'torchvision', order: 'pytorch', preprocessing: MINUS_ONE_TO_ONE, nameOf: torchvision }],
      leftOut: /^aux[12]\./,
    },
  ],
};
