import type { Tensor2D, Tensor4D } from '../tensorflow.js';
import { tf } from '../tensorflow.js';
import { attribute, ints, operation } from './operation.js';

/**
 * Images [N, H, W, C] sampled anew at the same size: pixel (i, j) of the nth takes what lies at row d·j + e·i + f and column
 * a·j + b·i + c of it, bilinearly, the border going on for ever. One kernel, in float32. No gradient flows.
 * @param maps [N, 8]: a, b, c, d, e, f, 0, 0
 */
export function resampled(images: Tensor4D, maps: Tensor2D): Tensor4D {
  const [, height, width] = images.shape;
  return operation(
    'ImageProjectiveTransformV3',
    [attribute.float32('dtype'), attribute.string('interpolation', 'BILINEAR'), attribute.string('fill_mode', 'NEAREST')],
    [images, maps, ints([height, width]), tf.scalar(0)],
  ) as Tensor4D;
}
