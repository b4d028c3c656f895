import { describe, expect, it } from 'vitest';
import { attr, GraphBuilder } from '../../src/runtime/graph/builder.js';
import { toMixedPrecision } from '../../src/runtime/graph/mixed-precision.js';
import { DT } from '../../src/runtime/graph/proto.js';

const T = () => ({ T: attr.type(DT.float32) });

/** Of a depthwise operation. */
const windowed = (stride: number, padding: string) => ({
  ...T(),
  strides: attr.list('int', [1, stride, stride, 1]),
  padding: attr.string(padding),
});

/**
 * x, w → conv → bias → relu → two branches, one of them depthwise; the gradients of kernel and bias as products; an optimizer's sum;
 * a head's product, whose inputs were averaged.
 */
function graph() {
  const made = new GraphBuilder();
  const x = made.placeholder('x', DT.float32, [1, 4, 4, 2]);
  const w = made.placeholder('w', DT.float32, [1, 1, 2, 2]);
  const b = made.placeholder('b', DT.float32, [2]);
  const sizes = made.placeholder('sizes', DT.int32, [4]);
  const conv = made.node('Conv2D', 'conv', [x, w], T());
  const biased = made.node('BiasAdd', 'biased', [conv, b], T());
  const relu = made.node('Relu', 'relu', [biased], T());
  made.node('DepthwiseConv2dNative', 'depthwise', [relu, w], T());
  made.node('AddV2', 'sum', [relu, biased], T());
  const dy = made.node('ReluGrad', 'dy', [x, relu], T());
  const dw = made.node('Conv2DBackpropFilter', 'dw', [x, sizes, dy], T());
  const places = made.node('Reshape', 'places', [dy, sizes], T());
  const db = made.node('BatchMatMulV2', 'db', [b, places], T());
  for (const stride of [1, 2])
    made.node('DepthwiseConv2dNativeBackpropInput', `dx${stride}`, [sizes, w, dy], windowed(stride, 'SAME'));
  for (const padding of ['SAME', 'EXPLICIT'])
    made.node('DepthwiseConv2dNativeBackpropFilter', `dw-${padding}`, [relu, sizes, dy], windowed(1, padding));
  made.node('AddV2', 'moved', [dw, w], T());
  made.node('AddV2', 'shifted', [db, b], T());
  const pooled = made.node('Mean', 'pooled', [relu, sizes], T());
  made.node('BatchMatMulV2', 'logits', [pooled, w], T());
  return made;
}

const typed = (made: GraphBuilder) =>
  Object.fromEntries(
    made
      .nodes()
      .filter((node) => node.getAttrMap().get('T') !== undefined)
      .map((node) => [node.getName(), node.getAttrMap().get('T')?.getType() === DT.bfloat16]),
  );
const inputsOf = (made: GraphBuilder, name: string) =>
  made
    .nodes()
    .find((node) => node.getName() === name)
    ?.getInputList();

describe('a graph in mixed precision', () => {
  it('has convolutions and the maps between them in bfloat16, all else in float32', () => {
    const made = graph();
    toMixedPrecision(made, new Set());
    expect(typed(made)).toEqual({
      conv: true,
      biased: true,
      relu: true,
      depthwise: true,
      sum: true,
      dy: true,
      dw: true,
      places: true,
      db: true,
      dx1: true,
      // What oneDNN has no bfloat16 kernel for.
      dx2: false,
      'dw-SAME': true,
      'dw-EXPLICIT': false,
      // Gradients of weights leave as float32, so what the optimizer does with them is.
      moved: false,
      shifted: false,
      pooled: false,
      logits: false,
    });
  });

  it('converts each value once for all that take it, and sizes never', () => {
    const made = graph();
    toMixedPrecision(made, new Set());
    const casts = made.nodes().filter((node) => node.getOp() === 'Cast');
    const turned = casts.map((node) => [
      node.getInputList()[0],
      node.getAttrMap().get('SrcT')?.getType(),
      node.getAttrMap().get('DstT')?.getType(),
    ]);
    const { float32, bfloat16 } = DT;
    expect(turned.sort()).toEqual([
      ['b', float32, bfloat16],
      ['db', bfloat16, float32],
      ['dw', bfloat16, float32],
      ['dy', bfloat16, float32],
      ['relu', bfloat16, float32],
      ['w', float32, bfloat16],
      ['x', float32, bfloat16],
    ]);
    expect(inputsOf(made, 'dw')?.[1]).toBe('sizes');
    expect(inputsOf(made, 'biased')?.[0]).toBe('conv');
    expect(inputsOf(made, 'moved')).toEqual([casts.find((node) => node.getInputList()[0] === 'dw')?.getName(), 'w']);
    // Both take the same cast of relu.
    expect(inputsOf(made, 'dw-EXPLICIT')?.[0]).toBe(inputsOf(made, 'pooled')?.[0]);
  });

  it('leaves what is read from outside in float32', () => {
    const made = graph();
    toMixedPrecision(made, new Set(['relu']));
    expect(typed(made)).toMatchObject({ biased: true, relu: false, sum: true, dy: false });
  });
});
