import { describe, expect, it } from 'vitest';
import { loadBackbone } from '../../src/backbones/registry.js';
import { cutNetwork, highestStillLayer } from '../../src/network/cut.js';
import { forward, normalise, run } from '../../src/network/forward.js';
import { type Network, variablesOf } from '../../src/network/network.js';
import { silent } from '../../src/progress.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import { formulaNetwork } from '../train/formula.js';

const network = formulaNetwork();
const stillUpTo = (of: Network, ...stages: string[]) => {
  const moving = new Set(of.layers.filter(({ stage }) => !stages.includes(stage)).flatMap(variablesOf));
  return highestStillLayer(of, (name) => moving.has(name));
};
const valuesOf = (of: Network) => {
  const tensors = new Map([...of.variables].map(([name, { values, shape }]) => [name, tf.tensor(values, [...shape])]));
  return (name: string) => tensors.get(name) as Tensor;
};
const pixels = (of: Network, side: number) =>
  normalise(tf.randomUniform([3, side, side, 3], 0, 255, 'float32', 5) as Tensor4D, of.preprocessing);

describe('where a network can be cut below all that moves', () => {
  it('is the highest layer that every path leads to', () => {
    expect(stillUpTo(network, 'conv1')).toBe('pool1');
    expect(stillUpTo(network, 'conv1', 'conv2')).toBe('conv2_a_relu');
    // All of it: the output itself.
    expect(stillUpTo(network, 'conv1', 'conv2', 'conv3')).toBe('conv3_add');
    expect(stillUpTo(network)).toBeNull();
  });

  it('lies below the first thing that moves, also where what lies above it is frozen', () => {
    expect(highestStillLayer(network, (name) => name === 'conv2_a_bn/mean')).toBe('pool1');
    // The two branches part behind conv3_dw_bn.
    expect(highestStillLayer(network, (name) => name === 'conv3_b/kernel')).toBe('conv3_dw_bn');
  });

  it('never parts a convolution from the BatchNorm that it swallows', () => {
    expect(highestStillLayer(network, (name) => name === 'conv3_dw_bn/gamma')).toBe('conv2_a_relu');
  });

  it.each(['resnet50-thin', 'efficientnet-lite0'])('of %s is the end of each stage', async (name) => {
    const { network: real } = await loadBackbone(name, { upTo: null, from: null, progress: silent });
    for (const [at] of real.stages.entries()) {
      const stages = real.stages.slice(0, at + 1);
      const last = real.layers.filter(({ stage }) => stage === stages.at(-1)).at(-1)?.name;
      expect(stillUpTo(real, ...stages)).toBe(last);
    }
  });
});

describe('a network in two parts', () => {
  it('gives what the whole one gives, to the last bit, and every variable is in one of them', () => {
    const images = pixels(network, 16);
    const variable = valuesOf(network);
    const whole = forward(network, images, variable).dataSync();
    for (const at of ['pool1', 'conv2_a_relu', 'conv3_dw_bn']) {
      const { prefix, rest } = cutNetwork(network, at);
      const map = forward(prefix, images, variable);
      expect(forward(rest, map as Tensor4D, variable).dataSync()).toEqual(whole);
      expect([...prefix.variables.keys(), ...rest.variables.keys()].sort()).toEqual([...network.variables.keys()].sort());
    }
  });

  it('of resnet50-thin gives the same features and the same gradients', async () => {
    const { network: real } = await loadBackbone('resnet50-thin', { upTo: null, from: null, progress: silent });
    const images = pixels(real, 32);
    const variable = valuesOf(real);
    const at = stillUpTo(real, 'conv1', 'conv2', 'conv3', 'conv4') as string;
    const { prefix, rest } = cutNetwork(real, at);
    const map = forward(prefix, images, variable) as Tensor4D;
    const trained = [...rest.variables.keys()];
    const gradients = (of: Network, x: Tensor4D) =>
      tf
        .grads((...given: Tensor[]) => {
          const present = new Map(trained.map((name, index) => [name, given[index] as Tensor]));
          return tf.sum(tf.square(run(of, x, (name) => present.get(name) ?? variable(name)).output));
        })(trained.map(variable))
        .map((gradient) => gradient.dataSync());
    expect(trained.length).toBeGreaterThan(10);
    const whole = gradients(real, images);
    const bytes = ({ buffer }: { buffer: ArrayBufferLike }) => Buffer.from(buffer);
    gradients(rest, map).forEach((gradient, index) => {
      expect(bytes(gradient).equals(bytes(whole[index] as typeof gradient)), trained[index]).toBe(true);
    });
  });
});
