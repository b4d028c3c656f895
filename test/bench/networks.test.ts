import { describe, expect, it } from 'vitest';
import type { Network } from '../../src/network/network.js';
import { outputShapes } from '../../src/network/shapes.js';
import { efficientnetLite0 } from './efficientnet-lite0.js';
import { mobilenetV1 } from './mobilenet-v1.js';
import { mobilenetV2 } from './mobilenet-v2.js';
import { formulaValues } from './networks.js';
import { resnet50 } from './resnet50.js';

/** Numbers in BatchNorm's statistics, and in all that can be trained. */
function sizes({ variables }: Network): { statistics: number; trained: number } {
  const all = [...variables.values()];
  const sum = (some: typeof all) => some.reduce((total, { values }) => total + values.length, 0);
  const statistics = sum(all.filter(({ role }) => role === 'mean' || role === 'variance'));
  return { statistics, trained: sum(all) - statistics };
}

/** The map that each stage ends with at 224 pixels. */
function stageMaps(network: Network): string[] {
  const shapes = outputShapes(network, 224);
  return network.stages.map((stage) => {
    const last = network.layers.filter((layer) => layer.stage === stage).at(-1)?.name ?? '';
    return `${last} ${shapes.get(last)?.join('×')}`;
  });
}

describe('the ResNet-50 of the benchmark', () => {
  it("has torchvision's 25,557,032 parameters, less its classifier, and 53,120 statistics", () => {
    expect(sizes(resnet50())).toEqual({ statistics: 53_120, trained: 25_557_032 - (2048 * 1000 + 1000) });
  });

  it('has the maps of the paper', () => {
    expect(stageMaps(resnet50())).toEqual([
      'conv1_pool 56×56×64',
      'conv2_3_relu 56×56×256',
      'conv3_4_relu 28×28×512',
      'conv4_6_relu 14×14×1024',
      'conv5_3_relu 7×7×2048',
    ]);
  });

  it('strides in the 3×3 convolution and its shortcut, padded on all sides as torchvision pads', () => {
    const strided = resnet50().layers.filter((layer) => layer.kind === 'conv' && layer.strides[0] === 2);
    expect(strided.map((layer) => `${layer.name} ${layer.kind === 'conv' ? layer.padding : ''}`)).toEqual([
      'conv1 3,3,3,3',
      'conv3_1_proj same',
      'conv3_1_b 1,1,1,1',
      'conv4_1_proj same',
      'conv4_1_b 1,1,1,1',
      'conv5_1_proj same',
      'conv5_1_b 1,1,1,1',
    ]);
  });
});

describe('the MobileNets of the benchmark', () => {
  it("have Keras' numbers of parameters without the classifier, statistics included", () => {
    expect(sizes(mobilenetV1())).toEqual({ statistics: 21_888, trained: 3_228_864 - 21_888 });
    expect(sizes(mobilenetV2())).toEqual({ statistics: 34_112, trained: 2_257_984 - 34_112 });
  });

  it('have the maps of the papers', () => {
    expect(stageMaps(mobilenetV1())).toEqual([
      'block1_pointwise_relu6 112×112×64',
      'block3_pointwise_relu6 56×56×128',
      'block5_pointwise_relu6 28×28×256',
      'block11_pointwise_relu6 14×14×512',
      'block13_pointwise_relu6 7×7×1024',
    ]);
    expect(stageMaps(mobilenetV2())).toEqual([
      'block0_project_bn 112×112×16',
      'block2_add 56×56×24',
      'block5_add 28×28×32',
      'block12_add 14×14×96',
      'top_relu6 7×7×1280',
    ]);
  });
});

describe('the EfficientNet-Lite0 of the benchmark', () => {
  const network = efficientnetLite0();

  it('has the published number of parameters below the classifier', () => {
    // 4,652,008 published (Keras and timm), less the classifier's 1280 × 1000 + 1000.
    expect(sizes(network).trained).toBe(4_652_008 - 1_281_000);
  });

  it('ends two thirds of its blocks with stage conv4, and has the maps of the published one', () => {
    expect(stageMaps(network)).toEqual([
      'block0_project_bn 112×112×16',
      'block2_add 56×56×24',
      'block4_add 28×28×40',
      'block10_add 14×14×112',
      'top_relu6 7×7×1280',
    ]);
  });
});

describe("the formula's values", () => {
  it('are scaled by the fan-in, depthwise and shortcut kernels too', () => {
    const largest = (name: string, shape: number[]) =>
      formulaValues(name, 'kernel', shape).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const limit = (fanIn: number) => Math.sqrt(24 / fanIn) / 2;
    for (const [name, shape, most] of [
      ['conv1/kernel', [7, 7, 3, 64], limit(147)],
      ['block3_depthwise/kernel', [3, 3, 128, 1], limit(9)],
      ['conv4_2_c/kernel', [1, 1, 256, 1024], limit(256) * 0.3],
    ] as const) {
      const found = largest(name, [...shape]);
      expect(found).toBeLessThanOrEqual(most);
      expect(found).toBeGreaterThan(most * 0.99);
    }
  });
});
