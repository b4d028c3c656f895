/** What is written as a publisher stores it is what the publisher stored: the other way round than assemble. */
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/backbones/assemble.js';
import { publishedTensors as written } from '../../src/backbones/publish.js';
import { formulaWeights, publishedTensors } from './published.js';
import { variantAndLayout } from './rows.js';

/** Plain and depthwise kernels, dense ones, blue before red, both orders. */
const SOME = [
  'resnet18.torchvision',
  'mobilenet-v3-small.torchvision',
  'efficientnet-lite0.efficientnet-pytorch',
  'mobilenet-v1-0.25.keras',
  'resnet50-v1.keras',
  'convnext-tiny.timm',
];

describe('weights as their publisher stores them', () => {
  it.each(SOME)('%s are those that were read, each number in its place', (key) => {
    const { variant, layout } = variantAndLayout(key);
    const tensors = publishedTensors(variant, layout, formulaWeights(layout.order));
    const network = assemble(variant, layout, tensors, { where: key, classifier: true });
    const found = written(network, variant, layout);
    expect([...found.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, { shape, values }] of found) {
      expect(shape, name).toEqual(tensors.get(name)?.shape);
      expect(
        Buffer.compare(Buffer.from(values.buffer, values.byteOffset, values.byteLength), bytes(tensors.get(name)?.values())),
        name,
      ).toBe(0);
    }
  });

  it('leave out what the network was cut off below', () => {
    const { variant, layout } = variantAndLayout('resnet18.torchvision');
    const tensors = publishedTensors(variant, layout, formulaWeights(layout.order));
    const found = written(assemble(variant, layout, tensors, { where: 'x' }), variant, layout);
    expect([...tensors.keys()].filter((name) => !found.has(name)).sort()).toEqual(['fc.bias', 'fc.weight']);
  });
});

function bytes(values: Float32Array = new Float32Array()): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
