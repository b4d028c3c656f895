import type { Head } from '../heads/head.js';
import type { Layer, Network, Variable } from '../network/network.js';
import { outputShapes } from '../network/shapes.js';
import type { FinishedModel } from './model.js';

/** Names of the layers that follow the backbone. */
export const POOLED = 'pooled';
const HEAD_STAGE = 'head';

/** The layer that normalises, where it is one of the network's. */
const NORMALISED = 'preprocessing';
/** What BatchNorm adds to a variance, taken off before. */
const EPSILON = 1e-3;

/** The network behind a BatchNorm that makes of RGB of 0 … 255 what its weights were trained on. */
export function withPreprocessing(network: Network): Network {
  const { preprocessing, layers, variables } = network;
  const [input] = layers;
  if (input === undefined) throw new Error(`${network.name} has no layers`);
  const of = (role: 'mean' | 'variance', values: readonly number[]): Variable => ({
    name: `${NORMALISED}/${role}`,
    layer: NORMALISED,
    role,
    shape: [values.length],
    values: Float32Array.from(values),
  });
  const [mean, variance] = [
    of('mean', preprocessing.mean),
    of(
      'variance',
      preprocessing.std.map((std) => std ** 2 - EPSILON),
    ),
  ];
  const { stage } = input;
  return {
    ...network,
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
    layers: [
      input,
      {
        kind: 'batch-norm',
        name: NORMALISED,
        inputs: [input.name],
        stage,
        mean: mean.name,
        variance: variance.name,
        epsilon: EPSILON,
        momentum: 0.99,
      },
      ...layers.slice(1).map((layer) => ({
        ...layer,
        inputs: layer.inputs.map((name) => (name === input.name ? NORMALISED : name)),
      })),
    ],
    variables: new Map([[mean.name, mean], [variance.name, variance], ...variables]),
  };
}

/**
 * A finished model as one network, for formats that hold networks: the backbone with its trained values, pooled, and behind it a head
 * as a dense layer `name`. Its output is a vector, not yet of unit length nor a probability.
 */
export function wholeNetwork({ network, weights, side }: FinishedModel, head: Head | null, name: string): Network {
  const variables = new Map<string, Variable>(
    [...network.variables].map(([key, variable]) => [key, { ...variable, values: weights[key] ?? variable.values }]),
  );
  const layers: Layer[] = [...network.layers];
  let output = network.output;
  if (outputShapes(network, side).get(output)?.length === 3) {
    layers.push({ kind: 'global-average-pool', name: POOLED, inputs: [output], stage: HEAD_STAGE, keepDims: false });
    output = POOLED;
  }
  if (head !== null) {
    const { inputs, outputs } = head;
    const of = (role: 'kernel' | 'bias', shape: readonly number[], values: Float32Array): string => {
      variables.set(`${name}/${role}`, { name: `${name}/${role}`, layer: name, role, shape, values });
      return `${name}/${role}`;
    };
    const [kernel, bias] = [of('kernel', [inputs, outputs], head.kernel), of('bias', [outputs], head.bias)];
    layers.push({ kind: 'dense', name, inputs: [output], stage: HEAD_STAGE, kernel, bias });
    output = name;
  }
  const stages = layers.some(({ stage }) => stage === HEAD_STAGE) ? [...network.stages, HEAD_STAGE] : network.stages;
  return { ...network, side, layers, variables, output, features: head?.outputs ?? network.features, stages };
}
