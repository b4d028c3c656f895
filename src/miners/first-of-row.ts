import { type Tensor2D, tf } from '../runtime/tensorflow.js';
import { asRow } from './axes.js';

/** Keeps the first true of each row; a row without one stays false. Spelled out, because ArgMax leaves ties to the device. */
export function firstOfRow(mask: Tensor2D): Tensor2D {
  const columns = mask.shape[1];
  const column = tf.tile(asRow(tf.range(0, columns, 1, 'int32')), [mask.shape[0], 1]);
  const first = tf.min(tf.where(mask, column, tf.fill(mask.shape, columns, 'int32')), 1, true);
  return tf.equal(column, first) as Tensor2D;
}
