import type { Layer, Network, Variable, VariableRole } from '../../src/network/network.js';

/** Blocks of EfficientNet-Lite0: how often, kernel, stride of the first, expansion, channels out, and the stage by resolution. */
const GROUPS = [
  { repeats: 1, kernel: 3, stride: 1, expansion: 1, channels: 16, stage: 'conv1' },
  { repeats: 2, kernel: 3, stride: 2, expansion: 6, channels: 24, stage: 'conv2' },
  { repeats: 2, kernel: 5, stride: 2, expansion: 6, channels: 40, stage: 'conv3' },
  { repeats: 3, kernel: 3, stride: 2, expansion: 6, channels: 80, stage: 'conv4' },
  { repeats: 3, kernel: 5, stride: 1, expansion: 6, channels: 112, stage: 'conv4' },
  { repeats: 4, kernel: 5, stride: 2, expansion: 6, channels: 192, stage: 'conv5' },
  { repeats: 1, kernel: 3, stride: 1, expansion: 6, channels: 320, stage: 'conv5' },
] as const;
const STEM = 32;
const FEATURES = 1280;

/**
 * EfficientNet-Lite0 (TensorFlow's `efficientnet-lite0`, without its classifier), all values 0, input as the published weights
 * take it. Stages by resolution: `conv4` ends with block 10, so freezing until there is two thirds of the blocks.
 */
export function efficientnetLite0(): Network {
  const variables = new Map<string, Variable>();
  const layers: Layer[] = [{ name: 'input', kind: 'input', stage: 'conv1', inputs: [] }];
  const variable = (layer: string, role: VariableRole, shape: number[]): string => {
    const name = `${layer}/${role}`;
    variables.set(name, { name, layer, role, shape, values: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
    return name;
  };
  let last = 'input';
  let channels = 3;
  const add = (layer: Layer): void => {
    layers.push(layer);
    last = layer.name;
  };
  const common = (name: string, stage: string) => ({ name, stage, inputs: [last] });
  const normalised = (name: string, stage: string, activated: boolean): void => {
    const bn = `${name}_bn`;
    const of = (role: VariableRole) => variable(bn, role, [channels]);
    const [gamma, beta, mean, variance] = [of('gamma'), of('beta'), of('mean'), of('variance')];
    add({ ...common(bn, stage), kind: 'batch-norm', gamma, beta, mean, variance, epsilon: 1e-3, momentum: 0.99 });
    if (activated) add({ ...common(`${name}_relu6`, stage), kind: 'activation', activation: 'relu6' });
  };
  const window = (stride: number) => ({ strides: [stride, stride], dilations: [1, 1], padding: 'same' }) as const;
  const conv = (name: string, stage: string, kernel: number, outputs: number, stride: number, activated: boolean): void => {
    const weights = variable(name, 'kernel', [kernel, kernel, channels, outputs]);
    add({ ...common(name, stage), kind: 'conv', kernel: weights, ...window(stride) });
    channels = outputs;
    normalised(name, stage, activated);
  };
  const depthwise = (name: string, stage: string, kernel: number, stride: number): void => {
    const weights = variable(name, 'kernel', [kernel, kernel, channels, 1]);
    add({ ...common(name, stage), kind: 'depthwise-conv', kernel: weights, ...window(stride) });
    normalised(name, stage, true);
  };

  conv('stem', 'conv1', 3, STEM, 2, true);
  let block = 0;
  for (const { repeats, kernel, stride, expansion, channels: outputs, stage } of GROUPS) {
    for (let repeat = 0; repeat < repeats; repeat++, block++) {
      const name = `block${block}`;
      const [start, inputs] = [last, channels];
      if (expansion > 1) conv(`${name}_expand`, stage, 1, inputs * expansion, 1, true);
      depthwise(`${name}_depthwise`, stage, kernel, repeat === 0 ? stride : 1);
      conv(`${name}_project`, stage, 1, outputs, 1, false);
      if (repeat > 0) add({ name: `${name}_add`, stage, kind: 'add', inputs: [last, start] });
    }
  }
  conv('top', 'conv5', 1, FEATURES, 1, true);
  return {
    name: 'efficientnet-lite0',
    preprocessing: { mean: [127, 127, 127], std: [128, 128, 128] },
    side: 224,
    layers,
    variables,
    output: last,
    features: FEATURES,
    stages: ['conv1', 'conv2', 'conv3', 'conv4', 'conv5'],
  };
}
