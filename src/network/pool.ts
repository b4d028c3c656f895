import { averagePool, maxPool } from '../runtime/ops/pool.js';
import { type Tensor4D, tf } from '../runtime/tensorflow.js';
import type { PoolLayer } from './network.js';

/** Low enough to lose against every activation, high enough for a finite difference. */
const LOWEST = -3.4e38;

/** What TensorFlow's SAME adds along an axis, before and after. */
export function samePadding(size: number, window: number, stride: number): [before: number, after: number] {
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + window - size);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/**
 * Pooling with any padding. Explicit padding that SAME would give at this size is SAME, which costs nothing; other padding
 * is written out (for a maximum with the lowest number).
 */
export function pool(layer: PoolLayer, x: Tensor4D): Tensor4D {
  const { size, strides, padding } = layer;
  const apply = layer.kind === 'max-pool' ? maxPool : averagePool;
  if (padding === 'same' || padding === 'valid') return apply(x, { size, strides, padding });
  const [top, bottom, left, right] = padding;
  if (padding.every((one) => one === 0)) return apply(x, { size, strides, padding: 'valid' });
  const rows = samePadding(x.shape[1], size[0], strides[0]);
  const columns = samePadding(x.shape[2], size[1], strides[1]);
  if (rows[0] === top && rows[1] === bottom && columns[0] === left && columns[1] === right) return apply(x, { size, strides, padding: 'same' });
  const padded = (value: number, of: Tensor4D) => tf.pad4d(of, [[0, 0], [top, bottom], [left, right], [0, 0]], value);
  if (layer.kind === 'max-pool') return maxPool(padded(LOWEST, x), { size, strides, padding: 'valid' });
  // Padded places must not count: the sum of the window over the number of real places in it.
  const mean = averagePool(padded(0, x), { size, strides, padding: 'valid' });
  const share = averagePool(padded(0, tf.ones([1, x.shape[1], x.shape[2], 1])), { size, strides, padding: 'valid' });
  return tf.div(mean, share) as Tensor4D;
}
