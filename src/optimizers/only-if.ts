import { backend, binding, type Scalar, type Tensor } from '../runtime/tensorflow.js';

/**
 * `next` where the scalar `condition` (bool) holds, else `previous`, bit for bit. A step without a valid triplet must change
 * nothing, and a gradient of 0 is not enough for that: momentum and weight decay would still move the weights.
 */
export function onlyIf<T extends Tensor>(condition: Scalar, next: T, previous: T): T {
  const attributes = [{ name: 'T', type: binding().TF_ATTR_TYPE, value: binding().TF_FLOAT }];
  // The first Select hands one of its inputs on where the condition is a scalar; SelectV2 writes every element anew.
  return backend().executeSingleOutput('Select', attributes, [condition, next, previous]) as T;
}
