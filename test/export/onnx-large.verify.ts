/** Weights of more than 2³¹ bytes: what neither a protobuf message nor one call of Node can hold. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import onnxProto from 'onnx-proto';
import { afterAll, expect, it } from 'vitest';
import { ONNX_FILE, writeOnnxModel } from '../../src/export/onnx.js';
import type { Layer, Network, Variable } from '../../src/network/network.js';
import { sha256OfFile } from '../../src/weights/fetch/checksum.js';
import { externalIn } from '../../src/weights/onnx/external.js';
import { constantOf } from '../../src/weights/onnx/tensors.js';
import { runPython } from '../verify/python.js';

const [SIDE, COLOURS, FIRST, SECOND, OUTPUTS, IMAGES] = [8, 3, 20_000, 27_000, 5, 2];
const PREPROCESSING = { mean: [120, 110, 100], std: [60, 50, 40] } as const;
const folder = mkdtempSync(join(tmpdir(), 'ft-onnx-large-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Numbers of [−0.5, 0.5) that follow from their place: cheap enough for half a thousand million of them. */
function numbers(count: number, seed: number): Float32Array {
  const values = new Float32Array(count);
  for (let at = 0; at < count; at++) {
    let x = Math.imul(at + seed, 2654435761);
    x = Math.imul(x ^ (x >>> 15), 2246822519);
    values[at] = ((x ^ (x >>> 13)) >>> 0) / 2 ** 32 - 0.5;
  }
  return values;
}

const shapes = { first: [COLOURS, FIRST], second: [FIRST, SECOND] } as const;
const kernels = { first: numbers(COLOURS * FIRST, 1), second: numbers(FIRST * SECOND, 2), head: numbers(SECOND * OUTPUTS, 3) };
const bias = numbers(OUTPUTS, 4);

/** The mean colour of an image through two dense layers, the second of which alone is of more than 2³¹ bytes. */
function wide(): Network {
  const variables = new Map(
    (['first', 'second'] as const).map((layer): [string, Variable] => {
      const name = `${layer}/kernel`;
      return [name, { name, layer, role: 'kernel', shape: shapes[layer], values: kernels[layer] }];
    }),
  );
  const stage = 'conv1';
  const layers: Layer[] = [
    { kind: 'input', name: 'input', inputs: [], stage },
    { kind: 'global-average-pool', name: 'mean', inputs: ['input'], stage, keepDims: false },
    { kind: 'dense', name: 'first', inputs: ['mean'], stage, kernel: 'first/kernel' },
    { kind: 'dense', name: 'second', inputs: ['first'], stage, kernel: 'second/kernel' },
  ];
  const rest = { preprocessing: PREPROCESSING, side: SIDE, features: SECOND, stages: [stage] };
  return { name: 'wide', layers, variables, output: 'second', ...rest };
}

/** Rows times a matrix, as loops in doubles. */
function times(rows: readonly Float64Array[], kernel: Float32Array, outputs: number): Float64Array[] {
  return rows.map((row) => {
    const result = new Float64Array(outputs);
    row.forEach((value, input) => {
      const from = input * outputs;
      for (let o = 0; o < outputs; o++) result[o] = (result[o] as number) + value * (kernel[from + o] as number);
    });
    return result;
  });
}

function expectedRows(pixels: Uint8Array): number[][] {
  const place = SIDE * SIDE;
  const means = Array.from({ length: IMAGES }, (_, image) =>
    Float64Array.from({ length: COLOURS }, (_, colour) => {
      let sum = 0;
      for (let at = 0; at < place; at++) sum += pixels[(image * place + at) * COLOURS + colour] as number;
      return (sum / place - (PREPROCESSING.mean[colour] as number)) / (PREPROCESSING.std[colour] as number);
    }),
  );
  const second = times(times(means, kernels.first, FIRST), kernels.second, SECOND);
  return times(second, kernels.head, OUTPUTS).map((row) => {
    const scores = Array.from(row, (value, o) => value + (bias[o] as number));
    const length = Math.hypot(...scores);
    return scores.map((value) => value / length);
  });
}

it('lie beside the ONNX model, and onnx.checker, onnxruntime and ft read every one of them', async () => {
  const pixels = Uint8Array.from({ length: IMAGES * SIDE * SIDE * 3 }, (_, at) => Math.imul(at + 1, 2654435761) >>> 24);
  const head = { kernel: kernels.head, bias, inputs: SECOND, outputs: OUTPUTS };
  const network = wide();
  const weights = Object.fromEntries([...network.variables].map(([name, { values }]) => [name, values]));
  await writeOnnxModel({ network, weights, head, side: SIDE }, folder);
  const model = join(folder, ONNX_FILE);
  const data = `${model}.data`;
  expect(kernels.second.byteLength).toBeGreaterThan(2 ** 31);
  expect(statSync(data).size).toBeGreaterThan(kernels.second.byteLength + kernels.head.byteLength);
  expect(statSync(model).size).toBeLessThan(2 ** 16);

  const script = fileURLToPath(new URL('onnx_large.py', import.meta.url));
  const printed = runPython('export', [script, model, JSON.stringify([IMAGES, SIDE, SIDE, 3])], { input: pixels });
  const { rows, sha256, gigabytes } = JSON.parse(printed.trim().split('\n').at(-1) as string);
  const expected = expectedRows(pixels);
  // Images that all had one answer would prove nothing.
  expect(Math.abs((expected[0]?.[0] as number) - (expected[1]?.[0] as number))).toBeGreaterThan(0.01);
  expected.forEach((row, image) => row.forEach((value, o) => expect(rows[image][o]).toBeCloseTo(value, 4)));
  expect(gigabytes).toBeLessThan(6);
  // As the card of an export has it.
  expect(await sha256OfFile(data)).toBe(sha256);

  const { graph } = onnxProto.onnx.ModelProto.decode(readFileSync(model));
  const places = new Map(
    (graph?.initializer ?? []).map((one) => [one.name, one.externalData?.find(({ key }) => key === 'offset')?.value]),
  );
  expect(Number(places.get('embedding_head/kernel'))).toBeGreaterThan(2 ** 31);
  for (const [name, values] of [
    ['second/kernel', kernels.second],
    ['embedding_head/kernel', kernels.head],
  ] as const) {
    const tensor = graph?.initializer?.find((one) => one.name === name);
    if (!tensor) throw new Error(`no ${name}`);
    const read = constantOf(tensor, 'model.onnx', externalIn(folder)).values();
    expect(Buffer.compare(bytesOf(read), bytesOf(values))).toBe(0);
  }
  const calibration = { side: SIDE, count: 0, batches: async function* () {} };
  await expect(writeOnnxModel({ network, weights, head, side: SIDE }, folder, { calibration })).rejects.toThrow(
    'wide is too large for one ONNX file',
  );
  console.log({ bytes: statSync(data).size, python: gigabytes, node: process.resourceUsage().maxRSS / 1e6 });
});

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
