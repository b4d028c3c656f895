import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import type { Layer, Network, Padding } from '../../src/network/network.js';
import { outputShapes } from '../../src/network/shapes.js';
import { type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import { smallNetwork } from '../transfer/small-network.js';

/** Input → one convolution or pooling of a 5-channel-out kernel. */
function oneLayer(
  kind: 'conv' | 'depthwise-conv' | 'max-pool',
  size: number,
  stride: number,
  padding: Padding,
  dilation = 1,
): Network {
  const shared = { name: 'layer', stage: 'conv1', inputs: ['input'], strides: [stride, stride] as const, padding };
  const shape = kind === 'conv' ? [size, size, 3, 5] : [size, size, 3, 2];
  const layer: Layer =
    kind === 'max-pool'
      ? { ...shared, kind, size: [size, size] }
      : { ...shared, kind, kernel: 'kernel', dilations: [dilation, dilation] };
  const variables = new Map([
    ['kernel', { name: 'kernel', layer: 'layer', role: 'kernel' as const, shape, values: new Float32Array() }],
  ]);
  return {
    ...smallNetwork(),
    layers: [{ name: 'input', kind: 'input', stage: 'conv1', inputs: [] }, layer],
    variables,
    output: 'layer',
  };
}

describe('the shapes of feature maps', () => {
  it('are those that TensorFlow gives, for even and odd sizes, strides, dilations and every padding', () => {
    for (const side of [15, 16, 17, 32, 33]) {
      for (const [size, stride, dilation] of [
        [1, 1, 1],
        [1, 2, 1],
        [3, 1, 1],
        [3, 2, 1],
        [7, 2, 1],
        [2, 2, 1],
        [3, 1, 2],
      ] as const) {
        for (const padding of ['same', 'valid', [1, 1, 1, 1], [0, 1, 0, 1], [3, 2, 1, 0]] as const) {
          const explicit = typeof padding === 'string' ? undefined : padding;
          const expected = tf.tidy(() => {
            const image = tf.zeros([1, side, side, 3]);
            const padded =
              explicit === undefined
                ? image
                : tf.pad(image, [
                    [0, 0],
                    [explicit[0], explicit[1]],
                    [explicit[2], explicit[3]],
                    [0, 0],
                  ]);
            const mode = typeof padding === 'string' ? padding : 'valid';
            const kernel = tf.zeros([size, size, 3, 5]);
            return tf.conv2d(padded as Tensor4D, kernel as Tensor4D, stride, mode, 'NHWC', dilation).shape.slice(1);
          });
          const network = oneLayer('conv', size, stride, padding, dilation);
          expect(outputShapes(network, side).get('layer'), `${side} ${size} ${stride} ${dilation} ${padding}`).toEqual(expected);
          expect(outputShapes(oneLayer('depthwise-conv', size, stride, padding, dilation), side).get('layer')).toEqual([
            expected[0],
            expected[1],
            6,
          ]);
          if (dilation === 1)
            expect(outputShapes(oneLayer('max-pool', size, stride, padding), side).get('layer')).toEqual([
              expected[0],
              expected[1],
              3,
            ]);
        }
      }
    }
  });

  it('follow pooling to one place, flattening and dense layers', () => {
    const network = oneLayer('conv', 3, 2, 'same');
    const rest: Layer[] = [
      { name: 'padded', kind: 'zero-pad', stage: 'conv1', inputs: ['layer'], padding: [1, 2, 3, 4] },
      { name: 'flat', kind: 'flatten', stage: 'conv1', inputs: ['padded'] },
      { name: 'pooled', kind: 'global-average-pool', stage: 'conv1', inputs: ['padded'], keepDims: false },
      { name: 'kept', kind: 'global-average-pool', stage: 'conv1', inputs: ['padded'], keepDims: true },
    ];
    const shapes = outputShapes({ ...network, layers: [...network.layers, ...rest] }, 9);
    expect(Object.fromEntries(shapes)).toMatchObject({
      layer: [5, 5, 5],
      padded: [8, 12, 5],
      flat: [480],
      pooled: [5],
      kept: [1, 1, 5],
    });
  });

  it('say that images are too small where nothing would be left', () => {
    expect(() => outputShapes(oneLayer('conv', 7, 2, 'valid'), 5)).toThrow(UserError);
    expect(() => outputShapes(oneLayer('conv', 7, 2, 'valid'), 5)).toThrow(
      "images of 5 pixels are too small for small: nothing is left at layer 'layer'",
    );
  });
});
