import { binding, type Tensor, type Tensor1D, tf } from '../tensorflow.js';
import { attribute, operation } from './operation.js';

/**
 * The entries of `x` along its first axis at `places` (int32), in float32. tfjs's own gather reads the places on the host first. No
 * gradient flows.
 */
export function entriesAt<T extends Tensor>(x: T, places: Tensor1D): T {
  const int32 = (name: string) => attribute.type(name, binding().TF_INT32);
  return operation(
    'GatherV2',
    [attribute.float32('Tparams'), int32('Tindices'), int32('Taxis'), attribute.int('batch_dims', 0)],
    [x, places, tf.scalar(0, 'int32')],
  ) as T;
}
