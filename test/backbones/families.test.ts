import { describe, expect, it } from 'vitest';
import { variants } from '../../src/backbones/families.js';
import { compareForward, compareGradients, referenceNetwork } from './reference.js';

/** One or two of each family: the smallest. `families.verify.ts` has all of them. */
const SOME = (process.env.FT_BACKBONES ?? 'resnet18.torchvision,mobilenet-v2.timm,resnet50-v1.keras').split(',');

describe.each(SOME)('%s', (key) => {
  let reference: ReturnType<typeof referenceNetwork>;

  it('reads the tensors of its publisher, each once, and gives the features and logits of the reference', () => {
    reference = referenceNetwork(key);
    compareForward(key, reference);
  });

  it('has the gradient of every parameter', () => {
    compareGradients(key, reference);
  });
});

describe('every network', () => {
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
