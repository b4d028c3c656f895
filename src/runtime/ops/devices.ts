import { type Tensor, tf } from '../tensorflow.js';
import { Recorder } from '../trace/recorder.js';
import { attribute, operation } from './operation.js';

/**
 * `x`, which lies on the device with the number `from`, on that with the number `to`; its gradient goes back. The same tensor where they are one.
 */
export function moved<T extends Tensor>(x: T, { from, to }: { from: number; to: number }): T {
  if (from === to) return x;
  const custom = tf.customGrad(((input: Tensor) => ({
    value: Recorder.on(input, to),
    gradFunc: (dy: Tensor) => Recorder.on(dy, from),
  })) as never) as unknown as (x: T) => T;
  return custom(x);
}

/** A sum over devices. */
export interface Meeting {
  /** How many devices take part. */
  readonly devices: number;
  /** The number of this sum in the graph: each device gives its part to the one with its own number. */
  readonly key: number;
}

/**
 * `Σ x` over the devices, each of which gives a float32 tensor of one shape, and has the sum, bit for bit the same one, afterwards. On cards by
 * NCCL's all-reduce, on processors by TensorFlow's ring. No gradient flows.
 */
export function summedOver<T extends Tensor>(x: T, { devices, key }: Meeting): T {
  const attributes = [
    attribute.float32('T'),
    attribute.string('merge_op', 'Add'),
    attribute.string('final_op', 'Id'),
    attribute.ints('subdiv_offsets', []),
    attribute.ints('wait_for', []),
    attribute.string('communication_hint', 'nccl'),
    attribute.float('timeout_seconds', 0),
    attribute.int('group_size', devices),
    attribute.int('group_key', 1),
    attribute.int('instance_key', key),
  ];
  return operation('CollectiveReduce', attributes, [x]) as T;
}
