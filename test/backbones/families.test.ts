import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { families, variants } from '../../src/backbones/families.js';
import { STAGES as STAGE_NAMES } from '../../src/backbones/topology.js';
import type { Network } from '../../src/network/network.js';
import { outputShapes } from '../../src/network/shapes.js';
import { replaceSection } from '../bench/report.js';
import { readCells } from './cells.js';
import { freezesEachStage } from './checks.js';
import { compareForward, compareGradients, referenceNetwork } from './reference.js';
import { familyOf, variantAndLayout } from './rows.js';
import { power, section } from './table.js';

/** One of each family, the cheapest, and two of ResNet: in each publisher's form. `families.verify.ts` has all of them. */
const SOME = [
  'vgg11.torchvision',
  'googlenet.torchvision',
  'inception-v3.tf.keras',
  'resnet18.torchvision',
  'resnet50-v1.keras',
  'resnet50-v2.keras',
  'densenet121.torchvision',
  'mobilenet-v1-0.25.keras',
  'mobilenet-v2.timm',
  'mobilenet-v3-small.torchvision',
  'efficientnet-b0.torchvision',
  'efficientnet-lite0.timm',
  'convnext-tiny.keras',
];

describe.each(SOME)('%s', (key) => {
  let reference: ReturnType<typeof referenceNetwork>;

  it('reads the tensors of its publisher, each once, and gives the features and logits of the reference', () => {
    // VGG's classifier takes longer to fill than all else here to run.
    reference = referenceNetwork(key, !key.startsWith('vgg'));
    expect(compareForward(key, reference)).toBeLessThan(1e-4);
  });

  it('has the gradient of every parameter', () => {
    expect(compareGradients(key, reference)).toBeLessThan(1e-3);
  });
});

/** Where each stage ends, and its map at the side that the weights were trained at, as the papers draw them. */
const STAGES: Record<string, readonly string[]> = {
  vgg16: ['conv1_pool 112×112×64', 'conv2_pool 56×56×128', 'conv3_pool 28×28×256', 'conv4_pool 14×14×512', 'conv5_pool 7×7×512'],
  googlenet: [
    'conv1_relu 112×112×64',
    'conv2_b_relu 56×56×192',
    'inception_3b 28×28×480',
    'inception_4e 14×14×832',
    'inception_5b 7×7×1024',
  ],
  'inception-v3': [
    'conv_2b_relu 147×147×64',
    'conv_4a_relu 71×71×192',
    'mixed_5d 35×35×288',
    'mixed_6e 17×17×768',
    'mixed_7c 8×8×2048',
  ],
  resnet34: [
    'conv1_pool 56×56×64',
    'conv2_3_relu 56×56×64',
    'conv3_4_relu 28×28×128',
    'conv4_6_relu 14×14×256',
    'conv5_3_relu 7×7×512',
  ],
  resnet101: [
    'conv1_pool 56×56×64',
    'conv2_3_relu 56×56×256',
    'conv3_4_relu 28×28×512',
    'conv4_23_relu 14×14×1024',
    'conv5_3_relu 7×7×2048',
  ],
  'resnet50-v2': [
    'conv1_pool 56×56×64',
    'conv2_3_add 28×28×256',
    'conv3_4_add 14×14×512',
    'conv4_6_add 7×7×1024',
    'post_relu 7×7×2048',
  ],
  densenet121: ['conv1_pool 56×56×64', 'conv2_6 56×56×256', 'conv3_12 28×28×512', 'conv4_24 14×14×1024', 'post_relu 7×7×1024'],
  'mobilenet-v1': [
    'conv_pw_1_relu 112×112×64',
    'conv_pw_3_relu 56×56×128',
    'conv_pw_5_relu 28×28×256',
    'conv_pw_11_relu 14×14×512',
    'conv_pw_13_relu 7×7×1024',
  ],
  'mobilenet-v2': [
    'block0_project_bn 112×112×16',
    'block2_add 56×56×24',
    'block5_add 28×28×32',
    'block12_add 14×14×96',
    'top_relu6 7×7×1280',
  ],
  'mobilenet-v3-large': [
    'block0_add 112×112×16',
    'block2_add 56×56×24',
    'block5_add 28×28×40',
    'block11_add 14×14×112',
    'top_hard-swish 7×7×960',
  ],
  'efficientnet-b0': [
    'block0_project_bn 112×112×16',
    'block2_add 56×56×24',
    'block4_add 28×28×40',
    'block10_add 14×14×112',
    'top_swish 7×7×1280',
  ],
  'efficientnet-lite4': [
    'block0_project_bn 150×150×24',
    'block4_add 75×75×32',
    'block8_add 38×38×56',
    'block20_add 19×19×160',
    'top_relu6 10×10×1280',
  ],
  'convnext-tiny': [
    'conv1_ln 56×56×96',
    'conv2_3_add 56×56×96',
    'conv3_3_add 28×28×192',
    'conv4_9_add 14×14×384',
    'conv5_3_add 7×7×768',
  ],
};

describe('the stages', () => {
  it.each(Object.entries(STAGES))('of %s end where the paper has them', (name, expected) => {
    const variant = variants.get(name)!;
    const { layers, variables } = variant.topology();
    const sized = new Map(variables.map((variable) => [variable.name, { ...variable, values: new Float32Array() }]));
    const shapes = outputShapes({ name, layers, variables: sized, side: variant.side } as unknown as Network, variant.side);
    const ends = ['conv1', 'conv2', 'conv3', 'conv4', 'conv5'].map(
      (stage) => layers.findLast((layer) => layer.stage === stage)!.name,
    );
    expect(ends.map((layer) => `${layer} ${shapes.get(layer)!.join('×')}`)).toEqual(expected);
  });
});

describe('the networks here', () => {
  it('are of every family', () => {
    expect(new Set(SOME.map((key) => familyOf(variantAndLayout(key).variant)))).toEqual(new Set(families));
  });
});

describe('every network', () => {
  it.each([...variants.keys()])('%s is frozen stage by stage, each with all that it stands on', (name) => {
    const variant = variants.get(name)!;
    const { layers, variables, output, features } = variant.topology();
    const end = layers.findIndex((layer) => layer.name === output) + 1;
    const sized = new Map(variables.map((variable) => [variable.name, { ...variable, values: new Float32Array() }]));
    const network = { name, layers: layers.slice(0, end), variables: sized, output, features, stages: [...STAGE_NAMES] };
    expect(freezesEachStage(network as unknown as Network)).toBe(5);
  });

  it.each([...variants.keys()])(
    '%s has five stages from the input upwards, and halves the image from each to the next at most',
    (name) => {
      const topology = variants.get(name)!.topology();
      const stages = topology.layers.map(({ stage }) => stage);
      expect([...new Set(stages)]).toEqual(['conv1', 'conv2', 'conv3', 'conv4', 'conv5', 'head']);
      expect(new Set(topology.layers.map((layer) => layer.name)).size).toBe(topology.layers.length);
    },
  );
});

describe('the table of docs/backbones.md', () => {
  it('is made of the cells that are there', () => {
    const document = readFileSync(new URL('../../docs/backbones.md', import.meta.url), 'utf8');
    expect(replaceSection(document, 'formats', section(readCells()))).toBe(document);
  });

  it('rounds to one digit', () => {
    expect(['3.2e-7', '9.6e-5', '0.0e+0'].map(power)).toEqual(['3·10⁻⁷', '1·10⁻⁴', '0']);
  });
});
