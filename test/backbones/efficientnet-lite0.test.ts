import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../src/backbones/assemble.js';
import { publishedAs, publishedFile, readPublished } from '../../src/backbones/published.js';
import { type LoadedBackbone, loadBackbone, pullBackbone, weightsFolder } from '../../src/backbones/registry.js';
import { forward, globalPool, normalise } from '../../src/network/forward.js';
import { type Network, variablesOf } from '../../src/network/network.js';
import { silent } from '../../src/progress.js';
import { type Tensor, tf } from '../../src/runtime/tensorflow.js';
import { frozenLayers } from '../../src/transfer/freeze.js';
import type { PublishedCard } from '../../src/weights/cards.js';
import type { NamedTensor, NamedTensors } from '../../src/weights/named-tensor.js';
import { openTensors } from '../../src/weights/open.js';
import { relativeDifference } from '../weights/tfjs-folder.js';

interface Case {
  height: number;
  width: number;
  number: number;
  checksum: number;
  map: [number, number];
  pooled: number[];
  first: number[];
  last: number[];
  logits: number[];
  best: number;
}
const golden = JSON.parse(readFileSync(fileURLToPath(new URL('../golden/efficientnet-lite0.json', import.meta.url)), 'utf8')) as {
  cases: Case[];
};

/** The image of the golden's generator, byte by byte. */
function image({ height, width, number }: Case): Float32Array {
  const pixels = new Float32Array(height * width * 3);
  let at = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++)
        pixels[at++] = ((x * x * 3 + y * y * 5 + x * y * (1 + c) + 977 * c * (number + 1) + 37 * x * (number + 1)) >> 5) % 256;
  return pixels;
}

describe('efficientnet-lite0', () => {
  let loaded: LoadedBackbone;
  let published: NamedTensors;
  let classifier: Network;
  let card: PublishedCard;
  beforeAll(async () => {
    loaded = await loadBackbone('efficientnet-lite0', { progress: silent });
    card = loaded.card as PublishedCard;
    published = await openTensors(await publishedFile(card, { progress: silent, cache: weightsFolder() }));
    classifier = await readPublished((await pullBackbone(card.name, { progress: silent })).folder, card, { classifier: true });
  });
  const features = (pixels: Float32Array, [count, height, width]: [number, number, number]): { map: Tensor; pooled: Tensor } => {
    const values = new Map<string, Tensor>(
      [...loaded.network.variables.values()].map((variable) => [variable.name, tf.tensor(variable.values, [...variable.shape])]),
    );
    const x = normalise(tf.tensor4d(pixels, [count, height, width, 3]), loaded.network.preprocessing);
    const map = forward(loaded.network, x, (name) => values.get(name) as Tensor);
    return { map, pooled: globalPool(map) };
  };

  it.each(golden.cases.map((one) => [`${one.height} × ${one.width}`, one] as const))(
    "gives PyTorch's features and logits on an image of %s, to 1e-5",
    (size, one) => {
      const pixels = image(one);
      expect(pixels.reduce((sum, value) => sum + value, 0)).toBe(one.checksum);
      tf.tidy(() => {
        const { map, pooled } = features(pixels, [1, one.height, one.width]);
        expect(map.shape).toEqual([1, ...one.map, 1280]);
        const [rows, columns] = one.map;
        const corner = (y: number, x: number): Float32Array =>
          tf.slice(map, [0, y, x, 0], [1, 1, 1, 200]).dataSync() as Float32Array;
        const [kernel, bias] = ['kernel', 'bias'].map(
          (role) => classifier.variables.get(`classifier/${role}`)?.values as Float32Array,
        );
        const logits = tf.add(
          tf.matMul(pooled as never, tf.tensor2d(kernel as Float32Array, [1280, 1000])),
          tf.tensor1d(bias as Float32Array),
        );
        const differences = [
          relativeDifference(pooled.dataSync(), one.pooled),
          relativeDifference(corner(0, 0), one.first),
          relativeDifference(corner(rows - 1, columns - 1), one.last),
          relativeDifference((logits.dataSync() as Float32Array).subarray(0, 100), one.logits),
        ];
        expect(Math.max(...differences)).toBeLessThan(1e-5);
        expect(tf.argMax(logits, 1).dataSync()[0]).toBe(one.best);
        console.log(
          `efficientnet-lite0 against PyTorch at ${size}: largest relative differences, pooled, two corners, logits: ${differences.map((d) => d.toExponential(1)).join(', ')}`,
        );
      });
    },
  );

  it('has 3,413,024 numbers in 33 convolutions and 16 depthwise ones, each with a BatchNorm of its own, and those that its card pins', () => {
    const { network, sha256 } = loaded;
    const count = (kind: string) => network.layers.filter((layer) => layer.kind === kind).length;
    expect([...network.variables.values()].reduce((sum, variable) => sum + variable.values.length, 0)).toBe(3_413_024);
    expect(card.parameters).toBe(3_413_024);
    expect([count('conv'), count('depthwise-conv'), count('batch-norm'), count('add')]).toEqual([33, 16, 49, 9]);
    expect(network.layers.flatMap(variablesOf).sort()).toEqual([...network.variables.keys()].sort());
    expect(network.stages).toEqual(['conv1', 'conv2', 'conv3', 'conv4', 'conv5']);
    expect([network.output, network.features]).toEqual(['top_relu6', 1280]);
    expect(sha256).toBe(card.variablesSha256);
  });

  it("turns PyTorch's kernels round: [out, in, y, x] to [y, x, in, out], depthwise ones to [y, x, channel, 1]", () => {
    const check = (name: string, theirs: string, at: (y: number, x: number, i: number, o: number) => number): void => {
      const ours = loaded.network.variables.get(name);
      const values = (published.get(theirs) as NamedTensor).values();
      const [height = 0, width = 0, inputs = 0, outputs = 0] = ours?.shape ?? [];
      for (let y = 0, k = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          for (let i = 0; i < inputs; i++)
            for (let o = 0; o < outputs; o++, k++) expect(ours?.values[k]).toBe(values[at(y, x, i, o)]);
    };
    check('stem/kernel', '_conv_stem.weight', (y, x, i, o) => ((o * 3 + i) * 3 + y) * 3 + x);
    check('block4_depthwise/kernel', '_blocks.4._depthwise_conv.weight', (y, x, channel) => (channel * 5 + y) * 5 + x);
  });

  it('freezes two thirds as the PyTorch recipe does (stem and blocks 0–10): conv4 by its name, block 10 by its last layer, or by globs', () => {
    const { layers } = loaded.network;
    const selectable = [
      ...layers.map((layer) => ({ name: layer.name, stage: layer.stage, variables: variablesOf(layer) })),
      { name: 'head', stage: 'head', variables: ['head/kernel'] },
    ];
    const weighted = (freeze: { until: string } | { only: string[] }): string[] => {
      const { frozen, faults } = frozenLayers(selectable, freeze, 'freeze');
      expect(faults).toEqual([]);
      return selectable.filter((layer) => layer.variables.length > 0 && frozen.has(layer.name)).map((layer) => layer.name);
    };
    const stem = selectable.findIndex((layer) => layer.name === 'block11_expand');
    const expected = selectable
      .slice(0, stem)
      .filter((layer) => layer.variables.length > 0)
      .map((layer) => layer.name);
    expect(expected.at(-1)).toBe('block10_project_bn');
    expect(weighted({ until: 'conv4' })).toEqual(expected);
    expect(weighted({ until: 'block10_add' })).toEqual(expected);
    expect(weighted({ only: ['stem*', 'block[0-9]_*', 'block10_*'] })).toEqual(expected);
  });

  it('lists everything that is missing, misshapen or left over in a file of another network', () => {
    const changed = new Map(published);
    const stem = changed.get('_conv_stem.weight') as NamedTensor;
    changed.delete('_blocks.3._bn1.running_mean');
    changed.set('_conv_stem.weight', { ...stem, shape: [3, 32, 3, 3] });
    changed.set('_blocks.3._bn1.running_meen', changed.get('_bn0.weight') as NamedTensor);
    const { variant, layout } = publishedAs(card);
    expect(() => assemble(variant, layout, changed, { where: 'lite0.pth' })).toThrow(
      [
        'lite0.pth: ~ _conv_stem.weight has another shape than stem/kernel takes',
        '  expected: [32, 3, 3, 3]',
        '  found:    [3, 32, 3, 3]',
        'lite0.pth: - _blocks.3._bn1.running_mean [144]: the file lacks it (block3_depthwise_bn/mean)',
        '  do this:  the nearest is _blocks.3._bn1.running_meen',
        'lite0.pth: + _blocks.3._bn1.running_meen: efficientnet-lite0 has no place for it',
        '  do this:  the nearest is _blocks.3._bn1.running_mean',
        'these are not the weights of efficientnet-lite0 as efficientnet-pytorch stores them',
        '  do this:  ft weights inspect FILE says which network they fit',
      ].join('\n'),
    );
  });
});
