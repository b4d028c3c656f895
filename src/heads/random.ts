import type { Head } from './head.js';

/**
 * A head that has seen nothing: kernel and bias are uniform in ±1/√inputs, as a fresh linear layer of PyTorch.
 *
 * @param uniform the i-th draw, in [0, 1), of a seeded generator; asked once for each i from 0 to (inputs + 1)·outputs − 1,
 *   the kernel in row-major [inputs, outputs] order first, then the bias
 */
export function randomHead(inputs: number, outputs: number, uniform: (index: number) => number): Head {
  const bound = 1 / Math.sqrt(inputs);
  const draw = (index: number) => (2 * uniform(index) - 1) * bound;
  const weights = inputs * outputs;
  return {
    kernel: Float32Array.from({ length: weights }, (_, index) => draw(index)),
    bias: Float32Array.from({ length: outputs }, (_, index) => draw(weights + index)),
    inputs,
    outputs,
  };
}
