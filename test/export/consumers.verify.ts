/** What ft exports, in the hands of those who take it: TensorFlow, its converters, onnxruntime, Keras, PyTorch, tfjs in Node and browsers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CASES } from './cases.js';
import { consume, type Found, writeCase } from './consumers.js';

/** Largest difference in a number of an embedding of unit length. */
const NEAR = 1e-4;
/**
 * How far kernels in fewer bits may turn an embedding: 1 − cosine. A graph model has BatchNorm folded into its kernels, whose channels then differ
 * more than one scale of 255 steps can hold.
 */
const QUANTISED: Readonly<Record<string, number>> = {
  'tfjs float16': 1e-4,
  'tfjs-graph float16': 1e-4,
  'tfjs uint8': 0.1,
  'tfjs-graph uint8': 0.5,
  'onnx int8': 0.2,
};
/** A number halfway between two grey levels may fall to either, and decoders of JPEG differ by some levels. */
const TURNED: Readonly<Record<string, number>> = {
  "tf.saved_model.load, beside tf.image's resizing": 1e-5,
  "onnxruntime (Python), beside tf.image's resizing": 1e-5,
  'tf.saved_model.load, bytes of JPEG': 0.01,
};
/** Of a model that computes, so that none is left out in silence. */
const CONSUMERS = [
  'savedmodel: tf.saved_model.load',
  'savedmodel: tf.saved_model.load, bytes of PNG',
  'savedmodel: tf.saved_model.load, trained a step and saved again',
  'savedmodel: keras.layers.TFSMLayer',
  'savedmodel: TFLite converter and interpreter',
  'savedmodel: tf2onnx, then onnxruntime',
  'savedmodel: tensorflowjs_converter, then tf.loadGraphModel',
  "savedmodel: ft's own session",
  'savedmodel: tf.node.loadSavedModel',
  'onnx: onnxruntime (Python)',
  'onnx: onnxruntime-node',
  'tfjs-graph: tf.loadGraphModel, Node',
  'tfjs-graph: Chromium, WASM',
  'tfjs-graph: Chromium, WebGL',
  'tfjs: tf.loadLayersModel, Node',
  'tfjs: Chromium, WASM',
  'tfjs: Chromium, WebGL',
  'keras: keras.models.load_model',
];

function cases(whole: boolean): string[] {
  const wholes = new Set(['resnet50-thin', 'efficientnet-lite0']);
  return Object.keys(CASES).filter((name) => wholes.has(name) === whole);
}

function found(name: string): () => Found {
  const folder = mkdtempSync(join(tmpdir(), 'ft-consumers-'));
  let result: Found;
  beforeAll(async () => {
    const one = await (CASES[name] as (typeof CASES)[string])();
    result = await consume(one, await writeCase(one, folder));
    console.log(name, result.figures, result.said);
  }, 900_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return () => result;
}

function expectTaken({ said }: Found): void {
  const peer = said.peer as Record<string, unknown>;
  expect(peer.difference).toBeLessThan(NEAR);
  expect(peer).toMatchObject('kept' in peer ? { kept: 0 } : { unexpected: [], lacking: [] });
  // Images that all had one embedding would prove nothing.
  expect(peer.apart).toBeGreaterThan(100 * NEAR);
}

describe.each(cases(true))('exports of %s', (name) => {
  const of = found(name);

  it.each(CONSUMERS)('give the embeddings of the run: %s', (wanted) => {
    const [differences = []] = [of().figures.filter(({ measure }) => measure === 'difference')];
    const figure = differences.find(({ format, consumer }) => `${format}: ${consumer}` === wanted);
    expect(figure?.value).toBeLessThan(NEAR);
  });

  it('are near the run with every consumer', () => {
    for (const { format, consumer, measure, value } of of().figures) {
      const limit = measure === 'difference' ? NEAR : (QUANTISED[format] ?? TURNED[consumer] ?? 1e-6);
      if (QUANTISED[format] === undefined || measure === '1 − cosine')
        expect(value, `${format}, ${consumer}, ${measure}`).toBeLessThan(limit);
    }
  });

  it('pass what checks them, and name classes by the asset', () => {
    expect(of().said).toMatchObject({ saved_model_cli: true, 'onnx.checker': true, 'classify, names of the asset': true });
  });

  it('compute in int8 what they compute in Node', () => {
    expect(of().said['onnx.checker, int8']).toBe(true);
    expect(of().said['onnxruntime, int8, beside Node']).toBeLessThan(NEAR);
  });

  it('train on: a gradient for every variable of the embedding, and a step that moves the embeddings', () => {
    const { said } = of();
    // But the classifier's kernel and bias, which no embedding comes from.
    expect((said['trainable variables'] as number) - (said['variables with a gradient'] as number)).toBe(2);
    expect(said.variables).toBeGreaterThanOrEqual(said['trainable variables'] as number);
    expect(said['a step moves it by']).toBeGreaterThan(1e-4);
  });

  it.runIf(name === 'efficientnet-lite0')('hold weights that timm takes whole', () => {
    expectTaken(of());
  });
});

describe.each(cases(false))('the weights of %s', (name) => {
  const of = found(name);

  it('are taken whole by the library that has the network, and give the embeddings of the run', () => {
    expectTaken(of());
  });
});
