import type { Layer, VariableRole } from '../network/network.js';

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

/** Channels of the last feature map. */
export const FEATURES = 1280;

/** The layer whose output is the last feature map. */
export const OUTPUT = 'top_relu6';

/** Weight of the old statistics in BatchNorm's moving average, and ε, as TensorFlow's `efficientnet_lite_builder.py` has them. */
const MOMENTUM = 0.99;
const EPSILON = 1e-3;

export interface VariableShape {
  readonly name: string;
  readonly layer: string;
  readonly role: VariableRole;
  /** Kernels HWIO, depthwise ones HWI·1. */
  readonly shape: readonly number[];
}

/**
 * EfficientNet-Lite0 (Liu, "Higher accuracy on vision models with EfficientNet-Lite", 2020; EfficientNet-B0 of Tan & Le 2019
 * without squeeze-and-excitation, ReLU6 in place of swish) up to the last feature map, layer by layer. Each convolution has a
 * BatchNorm, which stays a layer of its own. Padding is TensorFlow's SAME everywhere: at stride 2 it lies at the end alone where
 * the side is even (3×3: 0 before, 1 after; 5×5: 1 and 2), and on both sides where it is odd.
 *
 * Named `stem`, `block0` … `block15` with `_expand`, `_depthwise`, `_project` and `_add`, and `top`; each convolution is followed by
 * its `_bn` and, but for `_project`, its `_relu6`. Stages by resolution: `conv4` ends with block 10.
 */
export function efficientnetLite0Layers(): { layers: Layer[]; variables: VariableShape[] } {
  const variables: VariableShape[] = [];
  const layers: Layer[] = [{ name: 'input', kind: 'input', stage: 'conv1', inputs: [] }];
  let last = 'input';
  let channels = 3;
  const variable = (layer: string, role: VariableRole, shape: number[]): string => {
    const name = `${layer}/${role}`;
    variables.push({ name, layer, role, shape });
    return name;
  };
  const add = (layer: Layer): void => {
    layers.push(layer);
    last = layer.name;
  };
  const normalised = (name: string, stage: string, activated: boolean): void => {
    const bn = `${name}_bn`;
    const of = (role: VariableRole): string => variable(bn, role, [channels]);
    const [gamma, beta, mean, variance] = [of('gamma'), of('beta'), of('mean'), of('variance')];
    const common = { gamma, beta, mean, variance, epsilon: EPSILON, momentum: MOMENTUM };
    add({ name: bn, stage, inputs: [last], kind: 'batch-norm', ...common });
    if (activated) add({ name: `${name}_relu6`, stage, inputs: [last], kind: 'activation', activation: 'relu6' });
  };
  const window = (stride: number) => ({ strides: [stride, stride], dilations: [1, 1], padding: 'same' }) as const;
  const conv = (name: string, stage: string, size: number, outputs: number, stride: number, activated: boolean): void => {
    const kernel = variable(name, 'kernel', [size, size, channels, outputs]);
    add({ name, stage, inputs: [last], kind: 'conv', kernel, ...window(stride) });
    channels = outputs;
    normalised(name, stage, activated);
  };
  const depthwise = (name: string, stage: string, size: number, stride: number): void => {
    const kernel = variable(name, 'kernel', [size, size, channels, 1]);
    add({ name, stage, inputs: [last], kind: 'depthwise-conv', kernel, ...window(stride) });
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
  return { layers, variables };
}
