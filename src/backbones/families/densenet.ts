import type { Family, Variant } from '../family.js';
import { IMAGENET, kerasNames, type Layout, pytorchNames } from '../layout.js';
import { STAGES, type Topology, TopologyBuilder } from '../topology.js';

const BLOCKS = [6, 12, 24, 16];
const GROWTH = 32;

/**
 * `conv1`, `conv1_pool`; layer 3 of block conv4 is `conv4_3_a` and `conv4_3_b`, each behind its `_pre` (BatchNorm, with `_relu`), and
 * `conv4_3` puts what it gives beside what it took. A block begins with the transition from the one before: `conv4_down`, its `_pre`, `_pool`.
 */
function topology(epsilon: number, momentum: number): Topology {
  const net = new TopologyBuilder({ padding: 'symmetric', epsilon, momentum, activation: 'relu' });
  const before = (name: string) => net.norm(`${name}_pre`).activation(`${name}_pre`);
  net.convNorm('conv1', 64, { size: 7, stride: 2 }).maxPool('conv1_pool', { size: 3, padding: 1 });
  for (const [at, stage] of STAGES.slice(1).entries()) {
    net.enter(stage);
    if (at > 0) {
      before(`${stage}_down`);
      net.conv(`${stage}_down`, net.place.channels / 2).averagePool(`${stage}_down_pool`, { size: 2, padding: 0 });
    }
    for (let layer = 1; layer <= (BLOCKS[at] as number); layer++) {
      const [name, start] = [`${stage}_${layer}`, net.place];
      before(`${name}_a`).conv(`${name}_a`, 4 * GROWTH);
      before(`${name}_b`).conv(`${name}_b`, GROWTH, { size: 3 });
      net.concat(name, [start, net.place]);
    }
  }
  net.norm('post_bn').activation('post');
  return net.endFeatures().globalPool('pool').dense('classifier', 1000).finish();
}

/** Stage and layer of `conv4_3_a_pre` and the like; `part` is `down` for a transition. */
function partOf(layer: string): { stage: number; layer: string | undefined; part: string; norm: boolean } {
  const [, stage, inside, part = '', norm] = /^conv(\d)_(?:(\d+)_)?(\w+?)(_pre)?$/.exec(layer) ?? [];
  return { stage: Number(stage), layer: inside, part, norm: norm !== undefined };
}

const torchvision: Layout['nameOf'] = pytorchNames((name) => {
  if (name === 'classifier') return 'classifier';
  if (name.startsWith('conv1')) return name === 'conv1' ? 'features.conv0' : 'features.norm0';
  if (name === 'post_bn') return 'features.norm5';
  const { stage, layer, part, norm } = partOf(name);
  if (part === 'down') return `features.transition${stage - 2}.${norm ? 'norm' : 'conv'}`;
  return `features.denseblock${stage - 1}.denselayer${layer}.${norm ? 'norm' : 'conv'}${part === 'a' ? 1 : 2}`;
});

const keras: Layout['nameOf'] = kerasNames((name) => {
  if (name === 'classifier') return 'predictions';
  if (name.startsWith('conv1')) return name === 'conv1' ? 'conv1_conv' : 'conv1_bn';
  if (name === 'post_bn') return 'bn';
  const { stage, layer, part, norm } = partOf(name);
  if (part === 'down') return `pool${stage - 1}_${norm ? 'bn' : 'conv'}`;
  const at = (part === 'a' ? 1 : 2) - (norm ? 1 : 0);
  return `conv${stage}_block${layer}_${at}_${norm ? 'bn' : 'conv'}`;
});

/** torchvision's own file is older than its names: `denselayer1.norm.1.weight`. */
const present = (name: string) => name.replace(/^(.*denselayer\d+\.(?:norm|conv))\.([12]\.)/, '$1$2');

const pytorch = (name: 'torchvision' | 'timm'): Layout => ({
  present,
  name,
  order: 'pytorch',
  preprocessing: IMAGENET,
  nameOf: torchvision,
});

export const densenet: Family = {
  name: 'densenet',
  paper: 'Huang et al. 2016, Densely Connected Convolutional Networks',
  variants: [
    {
      name: 'densenet121',
      side: 224,
      topology: () => topology(1e-5, 0.9),
      layouts: [pytorch('torchvision'), pytorch('timm')],
    },
    {
      name: 'densenet121.tf',
      side: 224,
      topology: () => topology(1.001e-5, 0.99),
      layouts: [{ name: 'keras', order: 'keras', preprocessing: IMAGENET, nameOf: keras }],
    },
  ] satisfies Variant[],
};
