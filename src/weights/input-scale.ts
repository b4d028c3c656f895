import type { Network, Preprocessing, Variable } from '../network/network.js';

/**
 * The same function on RGB where the weights were trained on BGR: the kernel's input channels turned round.
 * `preprocessing` stays as the caller gave it, in RGB order.
 */
export function flipInputChannels(network: Network): Network {
  return withStemKernels(network, ({ shape, values }) => {
    const [, , channels = 0, out = 0] = shape;
    const result = new Float32Array(values.length);
    for (let at = 0; at < values.length; at++) {
      const channel = Math.floor(at / out) % channels;
      result[at] = values[at + (channels - 1 - 2 * channel) * out] ?? 0;
    }
    return result;
  });
}

/**
 * The same function on an input `factor` times smaller: std × factor, kernel × factor. A convolution on 0–255 has a gradient
 * some 10⁴ times its weights and leaves the numbers within an epoch; scaled, it trains like any other. (Zero stays zero, so
 * padding means the same.)
 */
export function scaleInput(network: Network, factor: number): Network {
  const [red, green, blue] = network.preprocessing.std;
  const scaled = withStemKernels(network, ({ values }) => values.map((value) => value * factor));
  return { ...scaled, preprocessing: { ...network.preprocessing, std: [red * factor, green * factor, blue * factor] } };
}

function withStemKernels(network: Network, change: (kernel: Variable) => Float32Array): Network {
  const input = network.layers[0]?.name ?? '';
  const variables = new Map(network.variables);
  for (const layer of network.layers) {
    if (!layer.inputs.includes(input)) continue;
    const kernel = layer.kind === 'conv' ? network.variables.get(layer.kernel) : undefined;
    if (kernel === undefined) throw new Error(`the input feeds '${layer.name}' (${layer.kind}), which has no kernel to change`);
    variables.set(kernel.name, { ...kernel, values: change(kernel) });
  }
  return { ...network, variables };
}

/** Of a graph that takes RGB bytes as they are. */
export const BYTES: Preprocessing = { mean: [0, 0, 0], std: [1, 1, 1] };

/**
 * What makes the input of RGB bytes for a graph that begins with `scale · x + shift`: the bytes themselves, or bytes/255 where its numbers are
 * those of 0 … 1, as in `2x − 1` and `(x − 0.485) / 0.229`. A mean of 104 or a scale of 1/127.5 are those of bytes.
 */
export function pixelsOf(chain: readonly { readonly scale: number; readonly shift: number }[]): Preprocessing {
  const small = chain.every(({ scale, shift }) => Math.abs(scale) >= 0.5 && Math.abs(shift / scale) <= 1);
  return small ? { mean: [0, 0, 0], std: [255, 255, 255] } : BYTES;
}
