import type { Family } from '../family.js';
import { kerasNames, type Layout, MINUS_ONE_TO_ONE, pytorchNames } from '../layout.js';
import { type Place, type Topology, TopologyBuilder, type VariableShape } from '../topology.js';

/** TensorFlow's arithmetic: zeros around an average do not count, and BatchNorm has no γ. */
type Arithmetic = 'pytorch' | 'tensorflow';
type Window = { readonly size?: number | readonly [number, number]; readonly stride?: number; readonly padding?: 'valid' };

const SHRINKS: Window = { size: 3, stride: 2, padding: 'valid' };
const WIDE = [1, 7] as const;
const HIGH = [7, 1] as const;

/**
 * `conv_1a` … `conv_4a`, then the modules `mixed_5b` … `mixed_7c`: their branches are `mixed_5b_1x1`, `_5x5_{1,2}`, `_3x3dbl_{1,2,3}`, `_pool`
 * and `_pool_proj`, and so on. Convolutions stand in the order in which Keras counts them.
 */
function topology(arithmetic: Arithmetic): Topology {
  const tensorflow = arithmetic === 'tensorflow';
  const net = new TopologyBuilder({ padding: 'symmetric', epsilon: 1e-3, momentum: tensorflow ? 0.99 : 0.9, activation: 'relu' });
  const conv = (name: string, outputs: number, window: Window = {}): Place =>
    net.convNorm(name, outputs, { ...window, gamma: !tensorflow }).place;
  const chain = (start: Place, name: string, ...steps: readonly (readonly [outputs: number, window?: Window])[]): Place => {
    net.from(start);
    return steps.map(([outputs, window], at) => conv(`${name}_${at + 1}`, outputs, window)).at(-1) as Place;
  };
  const averaged = (start: Place, name: string, outputs: number): Place => {
    net
      .from(start)
      .averagePool(`${name}_pool`, { size: 3, stride: 1, padding: tensorflow ? 'same' : 1, countsPadding: !tensorflow });
    return conv(`${name}_pool_proj`, outputs);
  };
  const largest = (start: Place, name: string): Place => net.from(start).maxPool(`${name}_pool`, { size: 3, padding: 0 }).place;

  conv('conv_1a', 32, SHRINKS);
  conv('conv_2a', 32, { size: 3, padding: 'valid' });
  conv('conv_2b', 64, { size: 3 });
  net.enter('conv2').maxPool('pool_2', { size: 3, padding: 0 });
  conv('conv_3b', 80);
  conv('conv_4a', 192, { size: 3, padding: 'valid' });
  net.enter('conv3').maxPool('pool_4', { size: 3, padding: 0 });
  for (const [id, pooled] of [
    ['5b', 32],
    ['5c', 64],
    ['5d', 64],
  ] as const) {
    const [name, start] = [`mixed_${id}`, net.place];
    net.concat(name, [
      conv(`${name}_1x1`, 64),
      chain(start, `${name}_5x5`, [48], [64, { size: 5 }]),
      chain(start, `${name}_3x3dbl`, [64], [96, { size: 3 }], [96, { size: 3 }]),
      averaged(start, name, pooled),
    ]);
  }
  net.enter('conv4');
  const below4 = net.place;
  net.concat('mixed_6a', [
    conv('mixed_6a_3x3', 384, SHRINKS),
    chain(below4, 'mixed_6a_3x3dbl', [64], [96, { size: 3 }], [96, SHRINKS]),
    largest(below4, 'mixed_6a'),
  ]);
  for (const [id, width] of [
    ['6b', 128],
    ['6c', 160],
    ['6d', 160],
    ['6e', 192],
  ] as const) {
    const [name, start] = [`mixed_${id}`, net.place];
    net.concat(name, [
      conv(`${name}_1x1`, 192),
      chain(start, `${name}_7x7`, [width], [width, { size: WIDE }], [192, { size: HIGH }]),
      chain(
        start,
        `${name}_7x7dbl`,
        [width],
        [width, { size: HIGH }],
        [width, { size: WIDE }],
        [width, { size: HIGH }],
        [192, { size: WIDE }],
      ),
      averaged(start, name, 192),
    ]);
  }
  net.enter('conv5');
  const below5 = net.place;
  net.concat('mixed_7a', [
    chain(below5, 'mixed_7a_3x3', [192], [320, SHRINKS]),
    chain(below5, 'mixed_7a_7x7x3', [192], [192, { size: WIDE }], [192, { size: HIGH }], [192, SHRINKS]),
    largest(below5, 'mixed_7a'),
  ]);
  for (const id of ['7b', '7c']) {
    const [name, start] = [`mixed_${id}`, net.place];
    /** One map in two directions, side by side. */
    const forked = (from: Place, branch: string, numbers: readonly [string, string]): Place => {
      const wide = net.from(from).convNorm(`${branch}_${numbers[0]}`, 384, { size: [1, 3], gamma: !tensorflow }).place;
      const high = net.from(from).convNorm(`${branch}_${numbers[1]}`, 384, { size: [3, 1], gamma: !tensorflow }).place;
      return net.concat(branch, [wide, high]).place;
    };
    net.concat(name, [
      conv(`${name}_1x1`, 320),
      forked(chain(start, `${name}_3x3`, [384]), `${name}_3x3`, ['2a', '2b']),
      forked(chain(start, `${name}_3x3dbl`, [448], [384, { size: 3 }]), `${name}_3x3dbl`, ['3a', '3b']),
      averaged(start, name, 192),
    ]);
  }
  return net.endFeatures().globalPool('pool').dense('fc', 1000).finish();
}

const STEM = new Map([
  ['conv_1a', 'Conv2d_1a_3x3'],
  ['conv_2a', 'Conv2d_2a_3x3'],
  ['conv_2b', 'Conv2d_2b_3x3'],
  ['conv_3b', 'Conv2d_3b_1x1'],
  ['conv_4a', 'Conv2d_4a_3x3'],
]);

const torchvision: Layout['nameOf'] = pytorchNames((layer) => {
  if (layer === 'fc') return 'fc';
  const norm = layer.endsWith('_bn');
  const name = norm ? layer.slice(0, -'_bn'.length) : layer;
  const [, id, branch = ''] = /^mixed_(\w\w)_(\w+)$/.exec(name) ?? [];
  const module = id === undefined ? STEM.get(name) : `Mixed_${id}.branch${branch === 'pool_proj' ? '_pool' : branch}`;
  return `${module}.${norm ? 'bn' : 'conv'}`;
});

/** Keras names its layers by the order in which they were made: `conv2d_3`, `batch_normalization_3`. */
function keras(): Layout['nameOf'] {
  const order = new Map<string, number>();
  for (const layer of topology('tensorflow').layers) if (layer.kind === 'conv') order.set(layer.name, order.size);
  const counted = (kind: string, at: number) => (at === 0 ? kind : `${kind}_${at}`);
  const nameOf = kerasNames((layer) => {
    if (layer === 'fc') return 'predictions';
    const at = order.get(layer);
    if (at !== undefined) return counted('conv2d', at);
    return counted('batch_normalization', order.get(layer.slice(0, -'_bn'.length)) as number);
  });
  return (variable: VariableShape) => nameOf(variable);
}

export const inceptionV3: Family = {
  name: 'inception-v3',
  paper: 'Szegedy et al. 2015, Rethinking the Inception Architecture for Computer Vision',
  variants: [
    {
      name: 'inception-v3',
      side: 299,
      topology: () => topology('pytorch'),
      layouts: [{ name: 'torchvision', order: 'pytorch', preprocessing: MINUS_ONE_TO_ONE, nameOf: torchvision }],
      leftOut: /^AuxLogits\./,
    },
    {
      name: 'inception-v3.tf',
      side: 299,
      topology: () => topology('tensorflow'),
      layouts: [{ name: 'keras', order: 'keras', preprocessing: MINUS_ONE_TO_ONE, nameOf: keras() }],
    },
  ],
};
