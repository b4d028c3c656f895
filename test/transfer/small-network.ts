import type { Layer, Network, Variable, VariableRole } from '../../src/network/network.js';

/**
 * A network small enough to count by hand, with every thing a plan must tell apart: a folded stage, two stages with BatchNorm,
 * a branch, a depthwise layer, layers without weights.
 *
 * conv1 (3×3/2 same, 3 → 4, bias) → pool1 (2×2/2 valid) → conv2_a (1×1, 4 → 6) → conv2_a_bn → conv2_a_relu
 * → conv3_dw (3×3/2 explicit, depthwise 6) → conv3_dw_bn → conv3_proj (1×1, 6 → 8) → conv3_b (1×1, 6 → 8) → conv3_add
 */
export function smallNetwork(): Network {
  const variables = new Map<string, Variable>();
  const variable = (layer: string, role: VariableRole, shape: number[]): string => {
    const name = `${layer}/${role}`;
    variables.set(name, { name, layer, role, shape, values: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
    return name;
  };
  const batchNorm = (name: string, input: string, stage: string, channels: number): Layer => ({
    name,
    kind: 'batch-norm',
    stage,
    inputs: [input],
    epsilon: 1e-3,
    momentum: 0.99,
    gamma: variable(name, 'gamma', [channels]),
    beta: variable(name, 'beta', [channels]),
    mean: variable(name, 'mean', [channels]),
    variance: variable(name, 'variance', [channels]),
  });
  const pointwise = (name: string, input: string, stage: string, inputs: number, outputs: number): Layer => ({
    name,
    kind: 'conv',
    stage,
    inputs: [input],
    strides: [1, 1],
    padding: 'same',
    dilations: [1, 1],
    kernel: variable(name, 'kernel', [1, 1, inputs, outputs]),
  });
  const layers: Layer[] = [
    { name: 'input', kind: 'input', stage: 'conv1', inputs: [] },
    {
      name: 'conv1',
      kind: 'conv',
      stage: 'conv1',
      inputs: ['input'],
      strides: [2, 2],
      padding: 'same',
      dilations: [1, 1],
      kernel: variable('conv1', 'kernel', [3, 3, 3, 4]),
      bias: variable('conv1', 'bias', [4]),
    },
    { name: 'pool1', kind: 'max-pool', stage: 'conv1', inputs: ['conv1'], size: [2, 2], strides: [2, 2], padding: 'valid' },
    pointwise('conv2_a', 'pool1', 'conv2', 4, 6),
    batchNorm('conv2_a_bn', 'conv2_a', 'conv2', 6),
    { name: 'conv2_a_relu', kind: 'activation', activation: 'relu', stage: 'conv2', inputs: ['conv2_a_bn'] },
    {
      name: 'conv3_dw',
      kind: 'depthwise-conv',
      stage: 'conv3',
      inputs: ['conv2_a_relu'],
      strides: [2, 2],
      padding: [1, 1, 1, 1],
      dilations: [1, 1],
      kernel: variable('conv3_dw', 'kernel', [3, 3, 6, 1]),
    },
    batchNorm('conv3_dw_bn', 'conv3_dw', 'conv3', 6),
    pointwise('conv3_proj', 'conv3_dw_bn', 'conv3', 6, 8),
    pointwise('conv3_b', 'conv3_dw_bn', 'conv3', 6, 8),
    { name: 'conv3_add', kind: 'add', stage: 'conv3', inputs: ['conv3_proj', 'conv3_b'] },
  ];
  return {
    name: 'small',
    side: 32,
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1] },
    layers,
    variables,
    output: 'conv3_add',
    features: 8,
    stages: ['conv1', 'conv2', 'conv3'],
  };
}
