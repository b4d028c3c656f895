import { moved, summedOver } from '../runtime/ops/devices.js';
import { type Tensor, tf } from '../runtime/tensorflow.js';
import { partName, type Signature, type Tensors } from '../runtime/trace/trace.js';

/**
 * What a step has on one device: its part of the images, and the variables of the network. The first has all else besides: head, loss,
 * labels, whatever is one for the whole batch.
 */
export interface Replica {
  readonly device: number;
  readonly inputs: Tensors;
  readonly state: Tensors;
  /** `Σ x` over the devices, on each of them; a device's nth call meets the nth of the others. `x` itself where there is one device. */
  sum(x: Tensor): Tensor;
  /** What lies on the first device, on this one. No gradient flows. */
  fromFirst<T extends Tensor>(x: T): T;
}

/** The replicas of a step, from what it was given (see StepFunction): one where it is not spread over devices. */
export function replicasOf(inputs: Tensors, state: Tensors, copies: readonly Tensors[]): readonly [Replica, ...Replica[]] {
  const devices = copies.length + 1;
  const replica = (device: number, own: Tensors, variables: Tensors): Replica => {
    let sums = 0;
    return {
      device,
      inputs: own,
      state: variables,
      sum: (x) => (devices === 1 ? x : summedOver(x, { devices, key: ++sums })),
      fromFirst: (x) => moved(x, { from: 0, to: device }),
    };
  };
  const parts = (device: number) =>
    Object.keys(inputs).flatMap((name): [string, Tensor][] => {
      const part = inputs[partName(name, device)];
      return part === undefined ? [] : [[name, part]];
    });
  return [
    replica(0, inputs, state),
    ...copies.map((variables, at) => replica(at + 1, Object.fromEntries(parts(at + 1)), variables)),
  ];
}

/** The rows of all parts of a batch, on the first device; each part's gradient goes back to where it lies. */
export function gathered<T extends Tensor>(parts: readonly T[]): T {
  const [only, ...others] = parts;
  if (others.length === 0) return only as T;
  return tf.concat(
    parts.map((part, device) => moved(part, { from: device, to: 0 })),
    0,
  );
}

/** Inputs that enter in parts, one for each device. */
export function inParts(inputs: Signature['inputs'], devices: number): Signature['inputs'] {
  if (devices === 1) return inputs;
  return Object.fromEntries(Object.entries(inputs).map(([name, spec]) => [name, { ...spec, parts: devices }]));
}

/** A signature whose inputs enter whole. */
export function undivided({ inputs }: Signature): Signature {
  return { inputs: Object.fromEntries(Object.entries(inputs).map(([name, { shape, dtype }]) => [name, { shape, dtype }])) };
}
