import { type Tensor } from '../tensorflow.js';
import { attribute, operation } from './operation.js';

/** `condition ? a : b` with a condition of one element for the whole tensor. */
export function selectAll<T extends Tensor>(condition: Tensor, a: T, b: T): T {
  return operation('SelectV2', [attribute.float32('T')], [condition, a, b]) as T;
}
