import { describe, expect, it } from 'vitest';
import type { Layer, Network, Variable } from '../../src/network/network.js';
import { foreseenMemory, largestBatch } from '../../src/transfer/memory.js';
import { denseHead, planPhase } from '../../src/transfer/plan.js';

const SIDE = 8;
const CHANNELS = 4;
/** Bytes of a map of an image: all maps of this network are equally large. */
const MAP = SIDE * SIDE * CHANNELS * 4;

/** image → a, each a convolution of one place with ReLU, in stages conv1 …; where `joined`, the last adds what came before. */
function chain(length: number, joined = false): Network {
  const layers: Layer[] = [{ kind: 'input', name: 'in', inputs: [], stage: 'conv1' }];
  const variables = new Map<string, Variable>();
  let below = 'in';
  for (let at = 1; at <= length; at++) {
    const [name, stage] = [`c${at}`, `conv${at}`];
    const kernel = `${name}/kernel`;
    const shape = [1, 1, at === 1 ? 3 : CHANNELS, CHANNELS];
    variables.set(kernel, { name: kernel, layer: name, role: 'kernel', shape, values: new Float32Array(shape[2]! * CHANNELS) });
    layers.push({ kind: 'conv', name, inputs: [below], stage, kernel, strides: [1, 1], dilations: [1, 1], padding: 'same' });
    layers.push({ kind: 'activation', name: `${name}_relu`, inputs: [name], stage, activation: 'relu' });
    below = `${name}_relu`;
  }
  if (joined) layers.push({ kind: 'add', name: 'sum', inputs: [`c${length - 1}_relu`, below], stage: `conv${length}` });
  return {
    name: 'chain',
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
    layers,
    variables,
    output: joined ? 'sum' : below,
    features: CHANNELS,
    stages: Array.from({ length }, (_, at) => `conv${at + 1}`),
  } as unknown as Network;
}

const planOf = (network: Network, until: string) =>
  planPhase(
    network,
    denseHead(CHANNELS, 2),
    'classification',
    { freeze: { until }, batchNorm: 'frozen', rate: 1, newLayers: 1, decay: 1, multipliers: [], optimizer: { weightDecay: 0 } },
    SIDE,
  );
const options = { featureBatch: 1, side: SIDE, bytes: 4, slots: 1 };

/** Maps of an image that live at one time, of a large batch: what a batch costs beside what costs the same at any. */
const mapsOf = (network: Network, until: string) => {
  const plan = planOf(network, until);
  const at = (batch: number) => foreseenMemory(network, plan, { ...options, batch });
  return (at(2000) - at(1000)) / 1000 / MAP;
};

describe('the memory that a phase will take', () => {
  it('grows by every map of the trained part, which its gradients need, and by the gradients of two maps', () => {
    // All five outputs are kept; at the top the gradient of the output and that of the layer below are there as well.
    expect(mapsOf(chain(5), 'none')).toBeCloseTo(5 + 2 + 3 / 4, 5);
    // Two trained layers: their two outputs and the input of the lower one. The input image was let go of.
    expect(mapsOf(chain(5), 'conv3')).toBeCloseTo(3 + 2, 5);
    // Frozen: one map into another.
    expect(mapsOf(chain(5), 'all')).toBeCloseTo(2, 5);
  });

  it('grows by what lies inside a swish, a GELU and a LayerNorm, where a gradient goes through them', () => {
    const withActivation = (activation: 'relu' | 'swish' | 'gelu'): Network => {
      const network = chain(5);
      const swap = (layer: Layer): Layer => (layer.kind === 'activation' ? { ...layer, activation } : layer);
      return { ...network, layers: network.layers.map(swap) };
    };
    // Each of the five activations keeps its input (it does not work in place), and four or five maps inside.
    const own = mapsOf(withActivation('relu'), 'none');
    expect(mapsOf(withActivation('swish'), 'none')).toBeCloseTo(own + 5 * (1 + 4), 5);
    expect(mapsOf(withActivation('gelu'), 'none')).toBeCloseTo(own + 5 * (1 + 5), 5);
    // Frozen, nothing is kept: the most is an input and an output.
    expect(mapsOf(withActivation('swish'), 'all')).toBeCloseTo(2, 5);
  });

  it('has, where stages are computed once more on the way back, the maps between them and those of one', () => {
    const stages = (length: number, each: number): Network => {
      const network = chain(length);
      const stageOf = (name: string) => `conv${Math.ceil(Number(/\d+/.exec(name)?.[0] ?? 1) / each)}`;
      return {
        ...network,
        layers: network.layers.map((layer) => ({ ...layer, stage: stageOf(layer.name) })),
        stages: Array.from({ length: Math.ceil(length / each) }, (_, at) => `conv${at + 1}`),
      };
    };
    const rematerialised = (network: Network, until: string) => {
      const plan = planOf(network, until);
      const at = (batch: number) => foreseenMemory(network, plan, { ...options, batch, rematerialise: true });
      return (at(2000) - at(1000)) / 1000 / MAP;
    };
    // Three stages of four layers. At the top of the last: the image, the map between the first two, its own five, two gradients.
    expect(rematerialised(stages(12, 4), 'none')).toBeCloseTo(3 / 4 + 1 + 5 + 2, 5);
    // The middle stage is the lowest that learns: the map that it is given is kept for it.
    expect(rematerialised(stages(12, 4), 'conv1')).toBeCloseTo(1 + 5 + 2, 5);
    // One stage that learns keeps its maps, as without.
    expect(rematerialised(stages(12, 4), 'conv2')).toBeCloseTo(mapsOf(stages(12, 4), 'conv2'), 5);
  });

  it('counts the map of a shortcut once, and its gradient with that of the sum', () => {
    expect(mapsOf(chain(5, true), 'all')).toBeCloseTo(3, 5);
  });

  it('has a batch that just fits', () => {
    const network = chain(5);
    const plan = planOf(network, 'none');
    const at = (batch: number) => foreseenMemory(network, plan, { ...options, batch });
    for (const batch of [1, 17, 900]) {
      expect(largestBatch(network, plan, { ...options, batch: 1000 }, at(batch))).toBe(batch);
      expect(largestBatch(network, plan, { ...options, batch: 1000 }, at(batch) - 1)).toBe(batch - 1);
    }
    expect(largestBatch(network, plan, { ...options, batch: 1000 }, 1e12)).toBe(1000);
  });
});
