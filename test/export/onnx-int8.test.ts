/** ONNX exports in int8: what onnxruntime computes with their codes, beside the same in plain loops of whole numbers. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import onnxProto, { type onnx as Onnx } from 'onnx-proto';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CalibrationImages, measureRanges, rangeWithin } from '../../src/export/calibration.js';
import { exportFormats } from '../../src/export/formats.js';
import { writeOnnxModel } from '../../src/export/onnx.js';
import { foldedNetwork } from '../../src/network/folded-network.js';
import { normalise, run as runNetwork } from '../../src/network/forward.js';
import type { Layer, Network, Variable, VariableRole } from '../../src/network/network.js';
import { calibrationImages } from '../../src/run/exports/calibration-images.js';
import { exportChecked } from '../../src/run/exports/check.js';
import { type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import { planQuantization } from '../../src/weights/onnx/quantize-plan.js';
import { onnxModel } from '../../src/weights/onnx/write.js';
import { formulaHead, formulaPixels, LABELS, SIDE, u } from '../train/formula.js';
import { expected, IMAGE, IMAGES, model, network, pixels, weights } from './model.js';

const root = mkdtempSync(join(tmpdir(), 'ft-export-int8-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The twelve images, five and seven of them at a time. */
const calibration: CalibrationImages = {
  side: SIDE,
  count: IMAGES,
  async *batches() {
    yield pixels.subarray(0, 5 * IMAGE);
    yield pixels.subarray(5 * IMAGE);
  },
};
const LAYERS = ['conv1', 'pool1', 'conv2_a_relu', 'conv3_dw', 'conv3_proj', 'conv3_b', 'conv3_add'] as const;
/** On any processor: see reload.ts. */
const EXACT = { extra: { session: { x64quantprecision: '1' } }, logSeverityLevel: 3 } as const;
const INPUT = 'resize/rounded/normalised';

let file: string;
let graph: Onnx.IModelProto;
beforeAll(async () => {
  mkdirSync(join(root, 'small'));
  const head = { ...formulaHead(3), inputs: network.features, outputs: 3 };
  await writeOnnxModel(model, join(root, 'small'), { classifier: { head, labels: ['a', 'b', 'c'] }, calibration });
  file = join(root, 'small/model.onnx');
  graph = onnxProto.onnx.ModelProto.decode(readFileSync(file));
});

function tensor(name: string): Onnx.ITensorProto {
  const found = graph.graph?.initializer?.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}
const bytesOf = (name: string) => Uint8Array.from(tensor(name).rawData ?? []);
const stepsOf = (name: string) => ({
  scale: new Float32Array(bytesOf(`${name}/scale`).buffer)[0] as number,
  zero: bytesOf(`${name}/zero_point`)[0] as number,
});

function halfToEven(value: number): number {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
}

interface Codes {
  readonly data: Uint8Array;
  readonly dims: readonly [n: number, c: number, h: number, w: number];
}

/** What onnxruntime makes of tensors on the way, as codes. */
async function codes(level: 'disabled' | 'all'): Promise<Map<string, Codes>> {
  const names = [INPUT, ...LAYERS];
  const output = names.map((name) => ({ name: `${name}/codes`, type: { tensorType: { elemType: 2 } } }));
  const whole = { ...graph, graph: { ...graph.graph, output: [...(graph.graph?.output ?? []), ...output] } };
  const session = await ort.InferenceSession.create(onnxProto.onnx.ModelProto.encode(whole).finish(), {
    graphOptimizationLevel: level,
    ...EXACT,
  });
  const found = await session.run({ image: new ort.Tensor('uint8', pixels, [IMAGES, SIDE, SIDE, 3]) });
  await session.release();
  return new Map(
    names.map((name) => {
      const { data, dims } = found[`${name}/codes`] as ort.Tensor;
      return [name, { data: data as Uint8Array, dims: dims as unknown as Codes['dims'] }];
    }),
  );
}

/** γ/√(σ² + ε) of the layer's BatchNorm, and what it adds. */
function norm(name: string, channel: number): [factor: number, shift: number] {
  const of = (role: string) => weights[`${name}/${role}`]?.[channel] as number;
  const factor = of('gamma') / Math.sqrt(of('variance') + 1e-3);
  return [factor, of('beta') - of('mean') * factor];
}

interface Convolution {
  readonly from: string;
  readonly to: string;
  readonly kernel: string;
  readonly bias?: string;
  readonly norm?: string;
  readonly size: number;
  readonly stride: number;
  /** Rows of zeros before the map. */
  readonly before: number;
  readonly depthwise?: true;
}

/** Codes in, sums of products of whole numbers, codes out. */
function convolved(
  layer: Convolution,
  { data, dims }: Codes,
  [channels, height, width]: readonly [number, number, number],
): number[] {
  const [input, output] = [stepsOf(layer.from), stepsOf(layer.to)];
  const { size, stride, before } = layer;
  const [count, depth, rows, columns] = dims;
  const kernel = weights[layer.kernel] as Float32Array;
  const result: number[] = [];
  const perChannel = Array.from({ length: channels }, (_, channel) => {
    const [factor, shift] = layer.norm === undefined ? [1, 0] : norm(layer.norm, channel);
    const own = Array.from({ length: size * size * (layer.depthwise ? 1 : depth) }, (_, at) =>
      Math.fround((kernel[at * channels + channel] as number) * factor),
    );
    const scale = Math.max(...own.map(Math.abs)) / 127;
    const bias = (layer.bias === undefined ? 0 : (weights[layer.bias]?.[channel] as number)) * factor + shift;
    return { scale, codes: own.map((value) => Math.round(value / scale)), bias: Math.round(bias / (scale * input.scale)) };
  });
  for (let n = 0; n < count; n++)
    for (const [channel, own] of perChannel.entries())
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          let sum = own.bias;
          for (let i = 0; i < size; i++)
            for (let j = 0; j < size; j++) {
              const [row, column] = [y * stride + i - before, x * stride + j - before];
              if (row < 0 || column < 0 || row >= rows || column >= columns) continue;
              for (let d = 0; d < (layer.depthwise ? 1 : depth); d++) {
                const code = data[((n * depth + (layer.depthwise ? channel : d)) * rows + row) * columns + column] as number;
                sum += (code - input.zero) * (own.codes[layer.depthwise ? i * size + j : (i * size + j) * depth + d] as number);
              }
            }
          result.push(Math.max(0, Math.min(255, halfToEven((sum * input.scale * own.scale) / output.scale) + output.zero)));
        }
  return result;
}

/** A number next to the middle of two codes may fall to either. */
function expectNear(found: Uint8Array, wanted: readonly number[]): void {
  expect(found.length).toBe(wanted.length);
  const apart = wanted.map((code, at) => Math.abs((found[at] as number) - code));
  expect(Math.max(...apart)).toBeLessThanOrEqual(1);
  expect(apart.filter((one) => one === 1).length).toBeLessThanOrEqual(wanted.length / 200);
  expect(new Set(found).size).toBeGreaterThan(20);
}

const CONVOLUTIONS: readonly Convolution[] = [
  { from: INPUT, to: 'conv1', kernel: 'conv1/kernel', bias: 'conv1/bias', size: 3, stride: 2, before: 0 },
  { from: 'pool1', to: 'conv2_a_relu', kernel: 'conv2_a/kernel', norm: 'conv2_a_bn', size: 1, stride: 1, before: 0 },
  {
    from: 'conv2_a_relu',
    to: 'conv3_dw',
    kernel: 'conv3_dw/kernel',
    norm: 'conv3_dw_bn',
    size: 3,
    stride: 2,
    before: 1,
    depthwise: true,
  },
  { from: 'conv3_dw', to: 'conv3_proj', kernel: 'conv3_proj/kernel', size: 1, stride: 1, before: 0 },
  { from: 'conv3_dw', to: 'conv3_b', kernel: 'conv3_b/kernel', size: 1, stride: 1, before: 0 },
];

describe.each(['disabled', 'all'] as const)('an int8 model in onnxruntime, its graph optimisation %s', (level) => {
  let found: Map<string, Codes>;
  const of = (name: string) => found.get(name) as Codes;
  beforeAll(async () => {
    found = await codes(level);
  });

  it('takes normalised pixels as codes', () => {
    const { scale, zero } = stepsOf(INPUT);
    const { mean, std } = network.preprocessing;
    const wanted: number[] = [];
    for (let n = 0; n < IMAGES; n++)
      for (let c = 0; c < 3; c++)
        for (let place = 0; place < SIDE * SIDE; place++) {
          const value = ((pixels[n * IMAGE + place * 3 + c] as number) - (mean[c] as number)) / (std[c] as number);
          wanted.push(Math.max(0, Math.min(255, halfToEven(value / scale) + zero)));
        }
    expectNear(of(INPUT).data, wanted);
  });

  it.each(CONVOLUTIONS)('convolves codes as whole numbers: $to', (layer) => {
    const { data, dims } = of(layer.to);
    expectNear(data, convolved(layer, of(layer.from), [dims[1], dims[2], dims[3]]));
  });

  it('pools codes, in the steps of what is pooled', () => {
    expect(stepsOf('pool1')).toEqual(stepsOf('conv1'));
    const { data, dims } = of('conv1');
    const [count, depth, rows, columns] = dims;
    const wanted: number[] = [];
    for (let plane = 0; plane < count * depth; plane++)
      for (let y = 0; y < rows; y += 2)
        for (let x = 0; x < columns; x += 2)
          wanted.push(
            Math.max(
              ...[0, 1, columns, columns + 1].map((step) => data[plane * rows * columns + y * columns + x + step] as number),
            ),
          );
    expect([...of('pool1').data]).toEqual(wanted);
  });

  it('adds codes of two steps', () => {
    const [a, b, sum] = (['conv3_proj', 'conv3_b', 'conv3_add'] as const).map(stepsOf) as [
      ReturnType<typeof stepsOf>,
      ReturnType<typeof stepsOf>,
      ReturnType<typeof stepsOf>,
    ];
    const wanted = [...of('conv3_proj').data].map((code, at) => {
      const value = (code - a.zero) * a.scale + ((of('conv3_b').data[at] as number) - b.zero) * b.scale;
      return Math.max(0, Math.min(255, halfToEven(value / sum.scale) + sum.zero));
    });
    expectNear(of('conv3_add').data, wanted);
  });

  it('averages, projects and normalises in floats', async () => {
    const session = await ort.InferenceSession.create(file, { graphOptimizationLevel: level, ...EXACT });
    const given = await session.run({ image: new ort.Tensor('uint8', pixels, [IMAGES, SIDE, SIDE, 3]) });
    await session.release();
    const rows = (given.embedding as ort.Tensor).data as Float32Array;
    const { data, dims } = of('conv3_add');
    const { scale, zero } = stepsOf('conv3_add');
    const [places, depth] = [dims[2] * dims[3], dims[1]];
    const head = model.head as NonNullable<typeof model.head>;
    expected(model).forEach((float, n) => {
      const pooled = Array.from({ length: depth }, (_, channel) => {
        const at = (n * depth + channel) * places;
        return (scale * data.subarray(at, at + places).reduce((total, code) => total + code - zero, 0)) / places;
      });
      const row = Array.from(head.bias, (bias, o) =>
        pooled.reduce((total, value, i) => total + value * (head.kernel[i * head.outputs + o] as number), bias),
      );
      const length = Math.hypot(...row);
      let cosine = 0;
      row.forEach((value, o) => {
        const own = rows[n * head.outputs + o] as number;
        // Codes that were asked for stand apart from those that were not by a rounding.
        expect(own).toBeCloseTo(value / length, 2);
        cosine += own * (float[o] as number);
      });
      expect(cosine).toBeGreaterThan(0.999);
      expect(cosine).toBeLessThan(1 - 1e-8);
    });
  });
});

describe('what an int8 model is measured by', () => {
  it('is the extremes of each image: 95 of 100 images lie within each end', () => {
    const lowest = Array.from({ length: 100 }, (_, at) => -((at * 37) % 100));
    const highest = lowest.map((value) => (value === -99 ? 1e6 : -value));
    expect(rangeWithin({ lowest, highest })).toEqual([-95, 95]);
    expect(rangeWithin({ lowest: [-1, -3], highest: [2, 1] })).toEqual([-3, 2]);
  });

  it('is what the network gives, layer by layer', async () => {
    const lookup = (name: string) => tf.tensor(weights[name] as Float32Array, [...(network.variables.get(name)?.shape ?? [])]);
    const wanted = new Map<string, readonly [number, number]>();
    tf.tidy(() => {
      const images = tf.tensor4d(Float32Array.from(pixels), [IMAGES, SIDE, SIDE, 3]) as Tensor4D;
      runNetwork(network, normalise(images, network.preprocessing), lookup, {
        onOutput({ name }, output) {
          const rows = output.reshape([IMAGES, -1]).arraySync() as number[][];
          // Of twelve images no one is cut.
          wanted.set(name, [Math.min(...rows.flat()), Math.max(...rows.flat())]);
        },
      });
    });
    const float = onnxModel({ ...network, variables: trained() }, { image: { layout: 'nhwc', side: SIDE } });
    const names = ['conv1', 'conv2_a_relu', 'conv3_dw_bn', 'conv3_proj', 'conv3_add'];
    const ranges = await measureRanges(float, names, calibration);
    for (const name of names) {
      const [low, high] = ranges.get(name) as [number, number];
      const [least, most] = wanted.get(name) as [number, number];
      expect(low).toBeCloseTo(least, 4);
      expect(high).toBeCloseTo(most, 4);
      const folded = name.replace('_dw_bn', '_dw');
      const { scale, zero } = stepsOf(folded);
      expect(scale).toBeCloseTo((Math.max(0, high) - Math.min(0, low)) / 255, 5);
      expect(zero).toBeCloseTo(Math.round(-Math.min(0, low) / scale), 9);
    }
  });

  it('is images that the seed draws of those that were trained on', async () => {
    const read = (sample: number, target: Uint8Array) => void target.fill(sample);
    const source = { read, labelOf: () => 0, side: 2, dimensions: 1 };
    const samples = Array.from({ length: 50 }, (_, at) => at + 100);
    const drawn = async (seed: number, most: number) => {
      const images = calibrationImages(source, samples, most, seed);
      const seen: number[] = [];
      for await (const batch of images.batches()) for (let at = 0; at < batch.length; at += 12) seen.push(batch[at] as number);
      expect(seen.length).toBe(images.count);
      return seen;
    };
    const first = await drawn(1, 20);
    expect([new Set(first).size, first.every((one) => samples.includes(one))]).toEqual([20, true]);
    expect(await drawn(1, 20)).toEqual(first);
    expect(await drawn(2, 20)).not.toEqual(first);
    expect((await drawn(1, 256)).sort()).toEqual(samples);
  });
});

function trained(): typeof network.variables {
  return new Map([...network.variables].map(([name, one]) => [name, { ...one, values: weights[name] as Float32Array }]));
}

describe('an int8 file', () => {
  it('is computed in integers by onnxruntime, every convolution of it', async () => {
    const optimised = join(root, 'optimised.onnx');
    const session = await ort.InferenceSession.create(file, { optimizedModelFilePath: optimised, ...EXACT });
    await session.release();
    const nodes = onnxProto.onnx.ModelProto.decode(readFileSync(optimised)).graph?.node;
    // The resizing has ReLUs of its own.
    const ops = nodes
      ?.filter(({ name }) => !name?.startsWith('resize/height') && !name?.startsWith('resize/width'))
      .map(({ opType }) => opType);
    expect(ops?.filter((op) => op === 'QLinearConv')).toHaveLength(5);
    expect(ops?.filter((op) => op === 'QLinearAdd')).toHaveLength(1);
    expect(ops?.some((op) => op === 'Conv' || op === 'Relu')).toBe(false);
  });

  it('holds kernels as int8 by channel, zero points of 0, and no float kernel beside them', () => {
    const kernel = tensor('conv3_dw/kernel/codes');
    expect([kernel.dataType, kernel.dims?.map(Number)]).toEqual([3, [6, 1, 3, 3]]);
    expect([tensor('conv3_dw/kernel/scales').dims?.map(Number), tensor('conv1/bias/codes').dataType]).toEqual([[6], 6]);
    expect([...bytesOf('conv3_dw/kernel/zero_points')]).toEqual(new Array(6).fill(0));
    expect(graph.graph?.initializer?.some(({ name }) => name === 'conv1/kernel' || name?.includes('folded'))).toBe(false);
    expect(statSync(file).size).toBeGreaterThan(0);
  });

  it('of a classifier gives nearly the probabilities of floats, by the same ranges', async () => {
    mkdirSync(join(root, 'float'));
    const head = { ...formulaHead(3), inputs: network.features, outputs: 3 };
    await writeOnnxModel(model, join(root, 'float'), { classifier: { head, labels: ['a', 'b', 'c'] } });
    const rows = await Promise.all(
      ['small', 'float'].map(async (place) => {
        const session = await ort.InferenceSession.create(join(root, place, 'classifier.onnx'), EXACT);
        const { probabilities } = await session.run({
          image: new ort.Tensor('uint8', formulaPixels(1), [IMAGES, SIDE, SIDE, 3]),
        });
        await session.release();
        return probabilities?.data as Float32Array;
      }),
    );
    const apart = [...(rows[0] as Float32Array)].map((value, at) => Math.abs(value - (rows[1]?.[at] as number)));
    expect(Math.max(...apart)).toBeLessThan(0.02);
    expect(Math.max(...apart)).toBeGreaterThan(1e-6);
  });

  it('that loses more than it may is not left behind, and other formats refuse int8', async () => {
    const read = (sample: number, target: Uint8Array) => target.set(pixels.subarray(sample * IMAGE, (sample + 1) * IMAGE));
    const source = { read, labelOf: (sample: number) => LABELS[sample] as number, side: SIDE, dimensions: network.features };
    const samples = Array.from({ length: IMAGES }, (_, at) => at);
    const options = { classifier: null, published: null, quantization: 'int8', layout: 'nhwc', calibration } as const;
    const place = join(root, 'checked');
    const checked = (maxLoss: number) => exportChecked('onnx', model, place, source, samples, { ...options, maxLoss });
    await expect(checked(-2)).rejects.toThrow(/as int8 the model loses -?\d\.\d{4} of Recall@1/);
    expect(existsSync(place)).toBe(false);
    const { calibrated, recall, smallestCosine } = await checked(0.99);
    expect([calibrated, recall?.images]).toEqual([IMAGES, IMAGES]);
    expect(smallestCosine).toBeGreaterThan(0.99);
    expect(existsSync(join(place, 'model.onnx'))).toBe(true);
    await expect(exportFormats.tfjs(model, root, options)).rejects.toThrow('int8 is for ONNX');
    await expect(exportFormats.onnx(model, root, { ...options, calibration: null })).rejects.toThrow('not calibrated');
  });
});

describe('a network with its BatchNorm in its kernels', () => {
  it('is the same function with fewer layers', () => {
    const whole = { ...network, variables: trained() };
    const folded = foldedNetwork(whole);
    expect(folded.layers.map(({ name }) => name)).toEqual(
      network.layers.map(({ name }) => name).filter((name) => !name.endsWith('_bn')),
    );
    const [own, other] = [whole, folded].map((one) =>
      tf.tidy(() => {
        const lookup = (name: string) =>
          tf.tensor(one.variables.get(name)?.values as Float32Array, [...(one.variables.get(name)?.shape ?? [])]);
        const images = tf.tensor4d(Float32Array.from(pixels), [IMAGES, SIDE, SIDE, 3]) as Tensor4D;
        return runNetwork(one, normalise(images, one.preprocessing), lookup).output.dataSync();
      }),
    ) as [Float32Array, Float32Array];
    own.forEach((value, at) => {
      expect(other[at]).toBeCloseTo(value, 4);
    });
  });
});

describe('of other layers', () => {
  it('those that integers suit are rounded, those between stay floats, and a map that is only moved keeps its steps', async () => {
    const made = branching();
    const { tensors, same, nodes } = planQuantization(onnxModel(made, {}).graph, new Set(made.layers.map(({ name }) => name)));
    expect([...nodes].map(({ name, opType }) => `${opType} ${name}`)).toEqual([
      'Conv stem',
      'Pad pad',
      'MaxPool pool',
      'Conv squeeze',
      'Concat both',
      'Conv last',
      'Gemm dense',
    ]);
    // Neither the product with one number a channel, nor the gates; the convolution's own numbers have no codes where a ReLU cuts them.
    expect(tensors).toEqual([
      'input',
      'stem_relu',
      'pad',
      'pool',
      'mean',
      'squeeze',
      'scaled',
      'gated',
      'both',
      'last',
      'pooled',
    ]);
    expect([...same]).toEqual([
      ['pad', 'stem_relu'],
      ['pool', 'pad'],
    ]);
  });

  it('the whole gives nearly what floats give', async () => {
    const other = { network: branching(), weights: {}, head: null, side: SIDE };
    const rows = await Promise.all(
      [calibration, null].map(async (by, at) => {
        const place = join(root, `branching-${at}`);
        mkdirSync(place);
        await writeOnnxModel(other, place, { calibration: by });
        const session = await ort.InferenceSession.create(join(place, 'model.onnx'), EXACT);
        const { embedding } = await session.run({ image: new ort.Tensor('uint8', pixels, [IMAGES, SIDE, SIDE, 3]) });
        await session.release();
        return (embedding as ort.Tensor).data as Float32Array;
      }),
    );
    const [int8, float] = rows as [Float32Array, Float32Array];
    for (let n = 0; n < IMAGES; n++) {
      const cosine = int8.subarray(n * 6, n * 6 + 6).reduce((sum, value, at) => sum + value * (float[n * 6 + at] as number), 0);
      expect(cosine).toBeGreaterThan(0.998);
    }
    expect(int8).not.toEqual(float);
  });
});

/** A stem, a padded maximum, a gate, a scale for each channel, both side by side, and a dense layer. */
function branching(): Network {
  const variables = new Map<string, Variable>();
  const of = (layer: string, role: VariableRole, shape: number[]) => {
    const name = `${layer}/${role}`;
    const size = shape.reduce((product, extent) => product * extent, 1);
    variables.set(name, { name, layer, role, shape, values: Float32Array.from(u(name, size), (value) => value + 0.1) });
    return name;
  };
  const conv = (name: string, input: string, [side, from, to]: readonly [number, number, number]): Layer => ({
    ...{ kind: 'conv', name, inputs: [input], stage: 'a', strides: [1, 1], dilations: [1, 1], padding: 'same' },
    kernel: of(name, 'kernel', [side, side, from, to]),
    bias: of(name, 'bias', [to]),
  });
  const layers: Layer[] = [
    { kind: 'input', name: 'input', inputs: [], stage: 'a' },
    conv('stem', 'input', [3, 3, 4]),
    { kind: 'activation', name: 'stem_relu', inputs: ['stem'], stage: 'a', activation: 'relu' },
    { kind: 'zero-pad', name: 'pad', inputs: ['stem_relu'], stage: 'a', padding: [1, 1, 1, 1] },
    { kind: 'max-pool', name: 'pool', inputs: ['pad'], stage: 'a', size: [3, 3], strides: [2, 2], padding: 'valid' },
    { kind: 'global-average-pool', name: 'mean', inputs: ['pool'], stage: 'a', keepDims: true },
    conv('squeeze', 'mean', [1, 4, 4]),
    { kind: 'activation', name: 'gate', inputs: ['squeeze'], stage: 'a', activation: 'sigmoid' },
    { kind: 'multiply', name: 'gated', inputs: ['pool', 'gate'], stage: 'a' },
    {
      ...{
        kind: 'depthwise-conv',
        name: 'scaled',
        inputs: ['pool'],
        stage: 'a',
        strides: [1, 1],
        dilations: [1, 1],
        padding: 'same',
      },
      kernel: of('scaled', 'kernel', [1, 1, 4, 1]),
      bias: of('scaled', 'bias', [4]),
    },
    { kind: 'concat', name: 'both', inputs: ['scaled', 'gated'], stage: 'a' },
    conv('last', 'both', [3, 8, 6]),
    { kind: 'global-average-pool', name: 'pooled', inputs: ['last'], stage: 'a', keepDims: false },
    {
      kind: 'dense',
      name: 'dense',
      inputs: ['pooled'],
      stage: 'a',
      kernel: of('dense', 'kernel', [6, 6]),
      bias: of('dense', 'bias', [6]),
    },
  ];
  const preprocessing = { mean: [100, 120, 140], std: [50, 60, 70] } as const;
  return { name: 'branching', side: SIDE, preprocessing, layers, variables, output: 'dense', features: 6, stages: ['a'] };
}
