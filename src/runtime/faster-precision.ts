import { convolution } from './ops/convolution.js';
import { createProgram, type Precision, type StateValue } from './program.js';
import { type Tensor4D, tf } from './tensorflow.js';
import type { StepFunction } from './trace/trace.js';

/** A convolution of the middle of a network. */
const [BATCH, SIDE, CHANNELS] = [16, 28, 64];
const TIMES = 5;
/** Below this share of float32's time bfloat16 is worth its digits. */
const WORTH = 0.8;

/**
 * In which precision this machine trains faster: a convolution forward and backward in both, the fastest of some calls of each. With
 * AMX or AVX512-BF16 bfloat16 takes a third of the time or less, without them several times as much, so that noise decides nothing.
 */
export function fasterPrecision(): Precision {
  return fastest('bf16') < WORTH * fastest('fp32') ? 'bf16' : 'fp32';
}

function fastest(precision: Precision): number {
  const shape = [3, 3, CHANNELS, CHANNELS] as const;
  const state: Record<string, StateValue> = {
    kernel: { shape, dtype: 'float32', values: new Float32Array(shape.reduce((size, one) => size * one, 1)).fill(0.01) },
  };
  const options = { strides: [1, 1], dilations: [1, 1], padding: 'same' } as const;
  const fn: StepFunction = ({ x }, { kernel }) => {
    const gradients = tf.grads((map, weights) => convolution(map as Tensor4D, weights as Tensor4D, options));
    const [dx, dw] = gradients([x as Tensor4D, kernel as Tensor4D]);
    return { outputs: { dx: tf.sum(dx as Tensor4D), dw: tf.sum(dw as Tensor4D) } };
  };
  const x = new Float32Array(BATCH * SIDE * SIDE * CHANNELS).fill(1);
  const program = createProgram(
    'traced',
    state,
    { probe: { signature: { inputs: { x: { shape: [BATCH, SIDE, SIDE, CHANNELS], dtype: 'float32' } } }, fn } },
    { precision },
  );
  try {
    const run = () => {
      const began = performance.now();
      program.run('probe', { x });
      return performance.now() - began;
    };
    run();
    return Math.min(...Array.from({ length: TIMES }, run));
  } finally {
    program.close();
  }
}
