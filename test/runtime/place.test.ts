import { describe, expect, it } from 'vitest';
import { attr, GraphBuilder } from '../../src/runtime/graph/builder.js';
import { sourceOf } from '../../src/runtime/graph/pattern.js';
import { type Devices, placeOnDevices } from '../../src/runtime/graph/place.js';
import { DT } from '../../src/runtime/graph/proto.js';
import { moved, summedOver } from '../../src/runtime/ops/devices.js';
import { createProgram } from '../../src/runtime/program.js';
import { divideProcessor, type Tensor, tf } from '../../src/runtime/tensorflow.js';
import { partName, type StepFunction } from '../../src/runtime/trace/trace.js';
import { stepGraph } from '../train/step-graph.js';

const T = attr.type(DT.float32);

/** A product of a pinned value with a constant on each of two devices, and their sum on the first. */
function twoDevices({ move = true } = {}): GraphBuilder {
  const graph = new GraphBuilder();
  const two = graph.constant('two', DT.float32, [], new Uint8Array(new Float32Array([2]).buffer));
  const products = [0, 1].map((device) => {
    const given = graph.placeholder(`given${device}`, device === 0 ? DT.string : DT.float32, []);
    graph.pinned.set(given, device);
    const value = device === 0 ? graph.node('DecodeRaw', 'bytes', [given], { out_type: T }) : given;
    return graph.node('Mul', `product${device}`, [value, graph.node('Neg', `minus${device}`, [two], { T })], { T });
  });
  const home = graph.node('Identity', 'home', [products[1] as string], { T });
  graph.pinned.set(home, 0);
  graph.node('Add', 'sum', [products[0] as string, move ? home : (products[1] as string)], { T });
  return graph;
}

function placed(graph: GraphBuilder, devices: Devices): Record<string, string> {
  placeOnDevices(graph, devices);
  return Object.fromEntries(graph.nodes().map((node) => [node.getName(), `${node.getDevice()} (${node.getInputList()})`]));
}

describe('placing a graph on devices', () => {
  it('lets operations follow what they take, and gives each device its own constants', () => {
    expect(placed(twoDevices(), { kind: 'CPU', count: 2 })).toEqual({
      two: '/device:CPU:0 ()',
      given0: '/device:CPU:0 ()',
      bytes: '/device:CPU:0 (given0)',
      minus0: '/device:CPU:0 (two)',
      product0: '/device:CPU:0 (bytes,minus0)',
      given1: '/device:CPU:1 ()',
      minus1: '/device:CPU:0 (two)',
      product1: '/device:CPU:1 (given1,minus1/on1)',
      home: '/device:CPU:0 (product1)',
      sum: '/device:CPU:0 (product0,home)',
      'two/on1': '/device:CPU:1 ()',
      'minus1/on1': '/device:CPU:1 (two/on1)',
    });
  });

  it('keeps on the processor what no card can do, and strings', () => {
    const on = placed(twoDevices(), { kind: 'GPU', count: 2 });
    expect([on.given0, on.bytes, on.product0]).toEqual([
      '/device:CPU:0 ()',
      '/device:CPU:0 (given0)',
      '/device:GPU:0 (bytes,minus0)',
    ]);
    expect(on.product1).toBe('/device:GPU:1 (given1,minus1/on1)');
  });

  it('refuses an operation that takes from two devices', () => {
    expect(() => placeOnDevices(twoDevices({ move: false }), { kind: 'CPU', count: 2 })).toThrow(
      'sum takes from several devices: product0 on device 0, product1 on device 1',
    );
  });
});

describe('a function over three devices', () => {
  const fn: StepFunction = (inputs, { w }, copies) => {
    const weights = [w, ...copies.map((copy) => copy.w)] as Tensor[];
    const loss = (...values: Tensor[]): Tensor => {
      const parts = values.map((value, device) =>
        moved(tf.sum(tf.mul(inputs[partName('x', device)] as Tensor, value)), { from: device, to: 0 }),
      );
      return tf.square(parts.reduce((sum, part) => tf.add(sum, part)));
    };
    const { value, grads } = tf.valueAndGrads(loss as never)(weights);
    const after = weights.map((weight, at) => tf.sub(weight, summedOver(grads[at] as Tensor, { devices: 3, key: 1 })));
    return { outputs: { value }, state: { w: after[0] as Tensor }, copies: after.slice(1).map((next) => ({ w: next })) };
  };
  const inputs = { x: { shape: [6, 2], dtype: 'float32', parts: 3 } } as const;

  it('is fed in parts, sums over all of them, and moves the variable of each', () => {
    divideProcessor(3);
    const state = { w: { shape: [2], dtype: 'float32', values: Float32Array.of(1, -1), copied: true } } as const;
    const program = createProgram('traced', state, { f: { signature: { inputs }, fn } }, { devices: 3 });
    const x = Float32Array.from({ length: 12 }, (_, at) => at / 100);
    // Σx₀ = 0.30, Σx₁ = 0.36: (0.30 − 0.36)² and 2 · −0.06 · Σx; then by the moved weights.
    const [a, b] = [0.3, 0.36];
    let [w0, w1] = [1, -1];
    for (let step = 0; step < 3; step++) {
      const total = a * w0 + b * w1;
      expect(Number(program.run('f', { x }).value?.[0])).toBeCloseTo(total ** 2, 6);
      [w0, w1] = [w0 - 2 * total * a, w1 - 2 * total * b];
    }
    const [first, second] = program.read(['w']).w as Float32Array;
    expect(first).toBeCloseTo(w0, 6);
    expect(second).toBeCloseTo(w1, 6);
    program.close();
  });

  it('refuses a batch that does not divide', () => {
    const signature = { inputs: { x: { ...inputs.x, shape: [5, 2] } } };
    const state = { w: { shape: [2], dtype: 'float32', values: Float32Array.of(1, -1), copied: true } } as const;
    expect(() => createProgram('traced', state, { f: { signature, fn } }, { devices: 3 })).toThrow(
      "the input 'x' ([5,2]) does not divide into 3 equal parts",
    );
  });
});

describe('the graph of a training step over three devices', () => {
  it.each(['fp32', 'bf16'] as const)(
    'has on each its part of the work, and names all that is carried between them (%s)',
    async (precision) => {
      const nodes = await stepGraph(3, precision);
      const byName = new Map(nodes.map((node) => [node.name, node]));
      expect([...new Set(nodes.map(({ device }) => device))].sort()).toEqual([0, 1, 2].map((device) => `/device:CPU:${device}`));
      const count = (op: string) =>
        [0, 1, 2].map((device) => nodes.filter((node) => node.op === op && node.device.endsWith(`:${device}`)).length);
      const [convolutions = 0] = count('Conv2D');
      // `features` has them once more, on the first device.
      expect(count('Conv2D')).toEqual([convolutions, convolutions / 2, convolutions / 2]);
      for (const op of ['Conv2DBackpropFilter', 'DepthwiseConv2dNativeBackpropFilter', 'CollectiveReduce', 'DecodeRaw']) {
        const [most, ...others] = count(op);
        expect(others[0], op).toBeGreaterThan(0);
        expect(others, op).toEqual([others[0], others[0]]);
        expect(most, op).toBe(op === 'DecodeRaw' ? 2 : others[0]);
      }
      // The head and the loss are on the first alone: two variables more are moved there.
      const [moved = 0, ...elsewhere] = count('ResourceApplyMomentum');
      expect(elsewhere).toEqual([moved - 2, moved - 2]);
      expect(moved).toBeGreaterThan(2);
      expect(count('SparseSoftmaxCrossEntropyWithLogits').slice(1)).toEqual([0, 0]);
      const sums = nodes.filter(({ op }) => op === 'CollectiveReduce');
      const keys = (device: number) =>
        sums.filter((node) => node.device.endsWith(`:${device}`)).map(({ attr: { instance_key } }) => instance_key?.i);
      expect(new Set(keys(0)).size).toBe(keys(0).length);
      expect([new Set(keys(1)), new Set(keys(2))]).toEqual([new Set(keys(0)), new Set(keys(0))]);

      const carried = new Map<string, Set<string>>();
      for (const node of nodes)
        for (const place of node.input.filter((input) => !input.startsWith('^'))) {
          const from = byName.get(sourceOf(place));
          if (from === undefined || from.device === node.device) continue;
          const way = `${from.device.slice(-1)} → ${node.device.slice(-1)}`;
          const what = node.name.startsWith('state/') ? 'variables, when they are set' : from.op;
          carried.set(way, (carried.get(way) ?? new Set()).add(what));
        }
      // Out: the pooled features. In: their gradient, the rate, the number of the step, the clipping, and whether all is finite.
      const [into, outOf] = [['IsFinite', 'Minimum', 'Placeholder', 'SplitV', 'variables, when they are set'], ['Mean']];
      expect(Object.fromEntries([...carried].map(([way, what]) => [way, [...what].sort()]))).toEqual({
        '0 → 1': into,
        '0 → 2': into,
        '1 → 0': outOf,
        '2 → 0': outOf,
      });
    },
  );
});
