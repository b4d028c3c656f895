import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { normalise } from '../../src/network/forward.js';
import type { Network } from '../../src/network/network.js';
import { tf } from '../../src/runtime/tensorflow.js';
import { readOnnxFile } from '../../src/weights/onnx/network.js';
import { formulaImage } from './onnx-runtime.js';
import { outputOf, relativeDifference } from './tfjs-folder.js';

interface Golden {
  readonly output: string;
  readonly runs: readonly { height: number; width: number; shape: number[]; values: string }[];
}

const FOLDER = fileURLToPath(new URL('../golden/onnx-files/', import.meta.url));
const GOLDENS = JSON.parse(readFileSync(`${FOLDER.slice(0, -1)}.json`, 'utf8')) as Record<string, Golden>;
const raw = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

/** The network on an image as the file's graph takes it. */
function scores(network: Network, height: number, width: number, image = formulaImage(height, width)) {
  const x = tf.tidy(() => normalise(tf.tensor4d(image, [1, height, width, 3]), network.preprocessing).dataSync());
  return outputOf(network, [1, height, width, 3], Float32Array.from(x));
}

const read = (name: string, more: { output?: string; bgr?: boolean } = {}) =>
  readOnnxFile(`${FOLDER}${name}.onnx`, { name, preprocessing: raw, ...more });
const kinds = (network: Network) => network.layers.map((layer) => (layer.kind === 'activation' ? layer.activation : layer.kind));
const count = (network: Network, kind: string) => kinds(network).filter((one) => one === kind).length;

describe('ONNX files of PyTorch and onnx.helper', () => {
  it.each(Object.entries(GOLDENS))("%s gives the reference's values", async (name, { output, runs }) => {
    const network = await read(name, { output });
    for (const { height, width, shape, values } of runs) {
      const found = scores(network, height, width);
      expect(found.shape).toEqual(shape);
      const expected = new Float32Array(Uint8Array.from(Buffer.from(values, 'base64')).buffer);
      expect(relativeDifference(found.values, expected), `${height} × ${width}`).toBeLessThan(1e-5);
    }
  });

  it.each(['residual.7', 'residual.11', 'residual.20'])(
    '%s keeps its BatchNorm, and is cut below the pooling without being told',
    async (name) => {
      const network = await read(name);
      expect(count(network, 'batch-norm')).toBe(1);
      expect(network.features).toBe(24);
      expect(kinds(network)).not.toContain('global-average-pool');
      expect(network.layers.at(-1)).toMatchObject({ kind: 'average-pool', size: [3, 3] });
      expect(network.stages).toEqual(['stage1', 'stage2', 'stage3', 'stage4'].slice(0, network.stages.length));
      for (const layer of network.layers) expect(network.stages).toContain(layer.stage);
    },
  );

  it.each(['convnext.11', 'convnext.17', 'convnext.20'])(
    '%s has layer normalisations, a GELU and 1 × 1 convolutions again',
    async (name) => {
      const network = await read(name, { output: 'scores' });
      expect(kinds(network)).toEqual([
        ...['input', 'conv', 'layer-norm', 'depthwise-conv', 'layer-norm', 'conv', 'gelu', 'conv', 'depthwise-conv', 'add'],
        ...['global-average-pool', 'layer-norm', 'dense'],
      ]);
      for (const layer of network.layers) {
        if (layer.kind === 'layer-norm')
          expect(layer).toMatchObject({ gamma: `${layer.name}/gamma`, beta: `${layer.name}/beta` });
      }
    },
  );

  it.each(['excited.9', 'excited.13', 'excited.17'])(
    '%s has its activations again, and maps of one place as factors',
    async (name) => {
      const network = await read(name, { output: 'scores' });
      expect(
        kinds(network).filter((kind) => ['hard-swish', 'relu', 'sigmoid', 'swish', 'hard-sigmoid', 'relu6'].includes(kind)),
      ).toEqual([...['hard-swish', 'relu', 'sigmoid', 'swish', 'hard-sigmoid', 'relu6']]);
      expect(count(network, 'multiply')).toBe(2);
      expect(count(network, 'dense')).toBe(1);
    },
  );

  it("takes the preprocessing of a graph for the network's own", async () => {
    const own = await read('preprocessed.17', { output: 'scores' });
    expect(kinds(own)).toEqual(['input', 'conv', 'relu', 'global-average-pool', 'dense']);
    own.preprocessing.std.forEach((std, at) => expect(std).toBeCloseTo(1 / ([0.458, 0.448, 0.45][at] as number), 5));
    const turned = await read('turned.17', { output: 'scores' });
    expect(kinds(turned)).toEqual(kinds(own));
    // The graph takes blue first: of RGB bytes, red is its last channel.
    const expected = { mean: [103.53, 116.28, 123.675], std: [57.375, 57.12, 58.395] };
    turned.preprocessing.mean.forEach((mean, at) => expect(mean).toBeCloseTo(expected.mean[at] as number, 3));
    turned.preprocessing.std.forEach((std, at) => expect(std).toBeCloseTo(expected.std[at] as number, 3));
  });

  it('reads a graph that takes blue, green, red as a network on red, green, blue', async () => {
    for (const name of ['preprocessed.11', 'turned.11', 'residual.13']) {
      const image = formulaImage(16, 20);
      const turned = image.map((_, at) => image[at - (at % 3) + 2 - (at % 3)] as number);
      const [graph, network] = [await read(name, { output: 'scores' }), await read(name, { output: 'scores', bgr: true })];
      expect(relativeDifference(scores(network, 16, 20, turned).values, scores(graph, 16, 20, image).values)).toBeLessThan(1e-5);
    }
  });

  it('names layers after the modules of PyTorch, short and each once', async () => {
    const network = await read('residual.17', { output: 'scores' });
    expect(network.layers.slice(0, 6).map(({ name }) => name)).toEqual(['image', 'conv1', 'Relu', 'norm', 'depthwise', 'proj']);
    expect(new Set(network.layers.map(({ name }) => name)).size).toBe(network.layers.length);
  });

  it("takes the image's side from the file where the file fixes it", async () => {
    expect((await read('opset7')).side).toBe(16);
    expect((await read('residual.17')).side).toBe(224);
  });
});
