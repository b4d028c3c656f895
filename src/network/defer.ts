import { type ActivationLayer, type ActivationName, consumerCounts, type Network } from './network.js';

/** max(f(x)) = f(max(x)) for these. */
const RISING: ReadonlySet<ActivationName> = new Set(['relu', 'relu6', 'sigmoid', 'tanh', 'hard-sigmoid']);

/**
 * Activations that are cheaper behind the max-pool that follows them, by name of the pool: they rise, so the pooled value is the
 * same to the last bit, and so is the gradient (where several places share a maximum that the activation cuts off, it is 0
 * either way). The map behind the pool is a quarter as large: in a ResNet's stem this is the largest map of all.
 */
export function deferredActivations(network: Network): ReadonlyMap<string, ActivationLayer> {
  const consumers = consumerCounts(network.layers);
  const activations = new Map(network.layers.filter((layer) => layer.kind === 'activation').map((layer) => [layer.name, layer]));
  const deferred = new Map<string, ActivationLayer>();
  for (const layer of network.layers) {
    const activation = activations.get(layer.inputs[0] ?? '');
    if (layer.kind !== 'max-pool' || activation === undefined || !RISING.has(activation.activation)) continue;
    if (consumers.get(activation.name) === 1 && activation.name !== network.output) deferred.set(layer.name, activation);
  }
  return deferred;
}
