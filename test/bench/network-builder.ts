import type { ActivationName, Layer, Network, Preprocessing, Variable, VariableRole } from '../../src/network/network.js';

export interface Window {
  readonly size: number;
  readonly stride: number;
  /** Added on every side; where not said, TensorFlow's SAME. */
  readonly padding?: number;
}

/** Adds layers one behind the other: each takes what the last one gave. */
export interface NetworkBuilder {
  /** The layer that was added last, and the channels that it gives. */
  readonly last: () => { readonly name: string; readonly channels: number };
  /** Goes on from an earlier layer, for a branch. */
  readonly from: (place: { readonly name: string; readonly channels: number }) => void;
  /** A convolution and its BatchNorm (`_bn`), and an activation where one is named (`_relu`, `_relu6`). */
  readonly conv: (name: string, stage: string, outputs: number, window: Window, activation?: ActivationName) => void;
  /** The same, depthwise, always with an activation. */
  readonly depthwise: (name: string, stage: string, window: Window, activation: ActivationName) => void;
  readonly maxPool: (name: string, stage: string, window: Window) => void;
  /** The sum of the last layer and another. */
  readonly sum: (name: string, stage: string, other: string) => void;
  readonly activation: (name: string, stage: string, activation: ActivationName) => void;
  readonly finish: (name: string, preprocessing: Preprocessing) => Network;
}

/** For the networks of a benchmark, whose values do not matter: all are 0 until networks.ts fills in the formula's. */
export function networkBuilder(epsilon: number): NetworkBuilder {
  const variables = new Map<string, Variable>();
  const layers: Layer[] = [{ name: 'input', kind: 'input', stage: 'conv1', inputs: [] }];
  let last = { name: 'input', channels: 3 };
  const variable = (layer: string, role: VariableRole, shape: number[]): string => {
    const name = `${layer}/${role}`;
    const values = new Float32Array(shape.reduce((product, length) => product * length, 1));
    variables.set(name, { name, layer, role, shape, values });
    return name;
  };
  const add = (layer: Layer, channels = last.channels): void => {
    layers.push(layer);
    last = { name: layer.name, channels };
  };
  const window = ({ stride, padding }: Window) => ({
    strides: [stride, stride] as const,
    padding: padding === undefined ? ('same' as const) : ([padding, padding, padding, padding] as const),
  });
  const activation = (name: string, stage: string, kind: ActivationName): void =>
    add({ name, stage, inputs: [last.name], kind: 'activation', activation: kind });
  const normalise = (name: string, stage: string, kind: ActivationName | undefined): void => {
    const bn = `${name}_bn`;
    const of = (role: VariableRole): string => variable(bn, role, [last.channels]);
    const values = { gamma: of('gamma'), beta: of('beta'), mean: of('mean'), variance: of('variance') };
    add({ name: bn, stage, inputs: [last.name], kind: 'batch-norm', ...values, epsilon, momentum: 0.99 });
    if (kind !== undefined) activation(`${name}_${kind}`, stage, kind);
  };
  return {
    last: () => last,
    from: (place) => {
      last = place;
    },
    conv(name, stage, outputs, size, kind) {
      const kernel = variable(name, 'kernel', [size.size, size.size, last.channels, outputs]);
      add({ name, stage, inputs: [last.name], kind: 'conv', kernel, dilations: [1, 1], ...window(size) }, outputs);
      normalise(name, stage, kind);
    },
    depthwise(name, stage, size, kind) {
      const kernel = variable(name, 'kernel', [size.size, size.size, last.channels, 1]);
      add({ name, stage, inputs: [last.name], kind: 'depthwise-conv', kernel, dilations: [1, 1], ...window(size) });
      normalise(name, stage, kind);
    },
    maxPool: (name, stage, size) =>
      add({ name, stage, inputs: [last.name], kind: 'max-pool', size: [size.size, size.size], ...window(size) }),
    sum: (name, stage, other) => add({ name, stage, inputs: [last.name, other], kind: 'add' }),
    activation,
    finish: (name, preprocessing) => ({
      name,
      preprocessing,
      side: 224,
      layers,
      variables,
      output: last.name,
      features: last.channels,
      stages: ['conv1', 'conv2', 'conv3', 'conv4', 'conv5'],
    }),
  };
}
