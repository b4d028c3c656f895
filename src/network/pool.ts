import { namedPadding, padded } from '../runtime/ops/padding.js';
import { averagePool, maxPool } from '../runtime/ops/pool.js';
import { type Tensor4D, tf } from '../runtime/tensorflow.js';
import type { PoolLayer } from './network.js';
import { paddingAt } from './shapes.js';

/** Low enough to lose against every activation, high enough for a finite difference. */
const LOWEST = -3.4e38;

/**
 * Pooling with any padding. Explicit padding that SAME would give at this size is SAME, which costs nothing; other padding
 * is written out (for a maximum with the lowest number).
 */
export function pool(layer: PoolLayer, x: Tensor4D): Tensor4D {
  const { size, strides } = layer;
  if (layer.countsPadding === true && typeof layer.padding !== 'string') {
    // As part of the map; what `ceil` adds behind it does not count.
    return pool({ ...layer, padding: 'valid', countsPadding: false }, padded(x, layer.padding));
  }
  const padding = namedPadding(paddingAt(layer, [x.shape[1], x.shape[2]]), [x.shape[1], x.shape[2]], size, strides);
  const apply = layer.kind === 'max-pool' ? maxPool : averagePool;
  if (padding === 'same' || padding === 'valid') return apply(x, { size, strides, padding });
  if (layer.kind === 'max-pool') return maxPool(padded(x, padding, LOWEST), { size, strides, padding: 'valid' });
  // Padded places must not count: the sum of the window over the number of real places in it.
  const mean = averagePool(padded(x, padding), { size, strides, padding: 'valid' });
  const share = averagePool(padded(tf.ones([1, x.shape[1], x.shape[2], 1]), padding), { size, strides, padding: 'valid' });
  return tf.div(mean, share) as Tensor4D;
}
