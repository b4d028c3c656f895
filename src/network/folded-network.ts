import { type Tensor, tf } from '../runtime/tensorflow.js';
import { foldedBatchNorms, foldedKernel } from './fold.js';
import type { Layer, Network, Variable, VariableRole } from './network.js';

/** The same function with each BatchNorm that follows a convolution in that convolution's kernel and bias (see {@link foldedKernel}). */
export function foldedNetwork(network: Network): Network {
  const folds = foldedBatchNorms(network, () => false);
  const variables = new Map(network.variables);
  const gone = new Map([...folds].map(([convolution, { name }]) => [name, convolution]));
  const lookup = (name: string): Tensor => {
    const { values, shape } = network.variables.get(name) as Variable;
    return tf.tensor(values, [...shape]);
  };
  const folded = (layer: Layer): Layer => {
    if (layer.kind !== 'conv' && layer.kind !== 'depthwise-conv') return layer;
    const norm = folds.get(layer.name);
    if (norm === undefined) return layer;
    const kept = (role: VariableRole, tensor: Tensor): string => {
      const name = `${layer.name}/folded_${role}`;
      const values = (tensor.dataSync() as Float32Array).slice();
      variables.set(name, { name, layer: layer.name, role, shape: tensor.shape, values });
      return name;
    };
    const names = { kernel: '', bias: '' };
    tf.tidy(() => {
      const { kernel, bias } = foldedKernel(layer, norm, lookup);
      Object.assign(names, { kernel: kept('kernel', kernel), bias: kept('bias', bias as Tensor) });
    });
    return { ...layer, ...names };
  };
  const renamed = (name: string) => gone.get(name) ?? name;
  return {
    ...network,
    variables,
    layers: network.layers
      .filter(({ name }) => !gone.has(name))
      .map((layer) => ({ ...folded(layer), inputs: layer.inputs.map(renamed) })),
    output: renamed(network.output),
  };
}
