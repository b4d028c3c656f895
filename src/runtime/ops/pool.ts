import { type OpAttribute, type Tensor, type Tensor4D, tf } from '../tensorflow.js';
import { attribute, ints, operation } from './operation.js';

export interface PoolOptions {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: 'same' | 'valid';
}

function attributes({ size, strides, padding }: PoolOptions): OpAttribute[] {
  return [
    attribute.float32('T'),
    attribute.ints('ksize', [1, ...size, 1]),
    attribute.ints('strides', [1, ...strides, 1]),
    attribute.string('padding', padding.toUpperCase()),
    attribute.string('data_format', 'NHWC'),
  ];
}

export function maxPool(x: Tensor4D, options: PoolOptions): Tensor4D {
  const custom = tf.customGrad(((input: Tensor, save: (tensors: Tensor[]) => void) => {
    const y = operation('MaxPool', attributes(options), [input]);
    save([input, y]);
    return {
      value: y,
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        operation('MaxPoolGrad', attributes(options), [saved[0] as Tensor, saved[1] as Tensor, dy]),
    };
  }) as never) as unknown as (x: Tensor4D) => Tensor4D;
  return custom(x);
}

/** Padded places do not count in the average. */
export function averagePool(x: Tensor4D, options: PoolOptions): Tensor4D {
  const shape = x.shape;
  const custom = tf.customGrad(((input: Tensor) => ({
    value: operation('AvgPool', attributes(options), [input]),
    gradFunc: (dy: Tensor) => operation('AvgPoolGrad', attributes(options), [ints(shape), dy]),
  })) as never) as unknown as (x: Tensor4D) => Tensor4D;
  return custom(x);
}
