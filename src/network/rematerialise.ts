import { nestedGradients } from '../runtime/nested-gradients.js';
import { type Tensor, type Tensor4D, tf } from '../runtime/tensorflow.js';
import { Recorder } from '../runtime/trace/recorder.js';
import { stageParts } from './cut.js';
import { type ForwardOptions, type ForwardResult, type Lookup, run } from './forward.js';
import { type Network, variablesOf } from './network.js';

/**
 * {@link run}, with less memory and more arithmetic in the gradient (activation checkpointing, Chen et al. 2016, arXiv:1604.06174): of a
 * stage that is trained, or lies above one, only the map that it is given is kept, and its other maps are computed once more on the way
 * back. The values are the same. The last stage keeps its maps, which are wanted at once; stages below all that is trained keep none anyway.
 * @param trained names of the variables that a gradient is wanted of
 */
export function runRematerialised(
  network: Network,
  x: Tensor4D,
  variable: Lookup,
  trained: ReadonlySet<string>,
  options: ForwardOptions = {},
): ForwardResult {
  const parts = stageParts(network);
  const statistics: Record<string, Tensor> = {};
  let map: Tensor = x;
  let learns = false;
  for (const [at, part] of parts.entries()) {
    const weights = part.layers.flatMap(variablesOf).filter((name) => trained.has(name));
    learns ||= weights.length > 0;
    const last = at === parts.length - 1;
    const given = map as Tensor4D;
    const result =
      learns && !last ? rematerialised(part, given, variable, weights, options) : run(part, given, variable, options);
    Object.assign(statistics, result.statistics);
    map = result.output;
  }
  return { output: map, statistics };
}

/** One part, whose maps are not kept for its gradient. */
function rematerialised(
  part: Network,
  x: Tensor4D,
  variable: Lookup,
  weights: readonly string[],
  options: ForwardOptions,
): ForwardResult {
  let statistics: Record<string, Tensor> = {};
  const compute = (map: Tensor, values: readonly Tensor[]) => {
    const given = new Map(weights.map((name, at) => [name, values[at] as Tensor]));
    return run(part, map as Tensor4D, (name) => given.get(name) ?? variable(name), options);
  };
  const withGradient = tf.customGrad(((...given: unknown[]) => {
    const [map, ...values] = given.slice(0, -1) as [Tensor, ...Tensor[]];
    const save = given.at(-1) as (tensors: Tensor[]) => void;
    const result = compute(map, values);
    // They leave the scope of this function beside its value.
    for (const statistic of Object.values(result.statistics)) tf.keep(statistic);
    statistics = result.statistics;
    save([map, ...values]);
    return {
      value: result.output,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [before, ...present] = saved as [Tensor, ...Tensor[]];
        const once = (input: Tensor, ...inputs: Tensor[]) => compute(input, inputs).output;
        return nestedGradients(once, [Recorder.after(before, dy), ...present], dy);
      },
    };
  }) as never);
  return { output: withGradient(...([x, ...weights.map(variable)] as never[])), statistics };
}
