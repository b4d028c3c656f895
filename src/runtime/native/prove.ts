/**
 * `prove.ts`: a convolution and its gradient, in float32 and in bfloat16, by the runtime that is set up, compared with plain loops.
 * Writes `Proof` as a line of JSON. Set-up runs it as a process of its own, where a library that brings its process down does no harm.
 */
import { convolution } from '../ops/convolution.js';
import { createProgram, type Precision } from '../program.js';
import { onCard, type Tensor4D, tf } from '../tensorflow.js';
import type { StepFunction } from '../trace/trace.js';

export interface Proof {
  readonly onCard: boolean;
  /** The largest difference from the loops, relative to the largest number. */
  readonly off: Readonly<Record<Precision, { readonly convolution: number; readonly gradient: number }>>;
}

const [SIDE, CHANNELS, FILTERS, KERNEL] = [8, 16, 8, 3] as const;
const OUT = SIDE - KERNEL + 1;

/** Numbers between 0 and 1 that need no generator. All of one sign: sums do not cancel, so that their error is that of the numbers. */
const numbers = (count: number, step: number) =>
  Float32Array.from({ length: count }, (_, at) => (1 + Math.sin(step * (at + 1))) / 2);

const image = numbers(SIDE * SIDE * CHANNELS, 0.7);
const kernel = numbers(KERNEL * KERNEL * CHANNELS * FILTERS, 1.3);
/** What the map is multiplied by before it is summed: the gradient by the map. */
const slope = numbers(OUT * OUT * FILTERS, 2.1);

function byLoops(): { convolution: Float64Array; gradient: Float64Array } {
  const map = new Float64Array(slope.length);
  const gradient = new Float64Array(kernel.length);
  for (let place = 0; place < OUT * OUT; place++)
    for (let spot = 0; spot < KERNEL * KERNEL; spot++)
      for (let c = 0; c < CHANNELS; c++)
        for (let f = 0; f < FILTERS; f++) {
          const y = Math.floor(place / OUT) + Math.floor(spot / KERNEL);
          const x = (place % OUT) + (spot % KERNEL);
          const pixel = image[(y * SIDE + x) * CHANNELS + c] as number;
          const at = (spot * CHANNELS + c) * FILTERS + f;
          map[place * FILTERS + f]! += pixel * (kernel[at] as number);
          gradient[at]! += pixel * (slope[place * FILTERS + f] as number);
        }
  return { convolution: map, gradient };
}

function byTensorFlow(precision: Precision) {
  const fn: StepFunction = ({ x, by }, { kernel: weights }) => {
    const options = { strides: [1, 1], dilations: [1, 1], padding: 'valid' } as const;
    const map = (k: Tensor4D) => convolution(x as Tensor4D, k, options);
    const gradient = tf.grad((k) => tf.sum(tf.mul(map(k as Tensor4D), by as Tensor4D)));
    return { outputs: { convolution: map(weights as Tensor4D), gradient: gradient(weights as Tensor4D) } };
  };
  const inputs = {
    x: { shape: [1, SIDE, SIDE, CHANNELS], dtype: 'float32' },
    by: { shape: [1, OUT, OUT, FILTERS], dtype: 'float32' },
  } as const;
  const state = { kernel: { shape: [KERNEL, KERNEL, CHANNELS, FILTERS], dtype: 'float32', values: kernel } } as const;
  const program = createProgram('traced', state, { prove: { signature: { inputs }, fn } }, { precision });
  try {
    return program.run('prove', { x: image, by: slope }) as { convolution: Float32Array; gradient: Float32Array };
  } finally {
    program.close();
  }
}

function difference(found: Float32Array, expected: Float64Array): number {
  const largest = expected.reduce((most, one) => Math.max(most, Math.abs(one)), 0);
  return found.reduce((most, one, at) => Math.max(most, Math.abs(one - (expected[at] as number))), 0) / largest;
}

const expected = byLoops();
const off = (precision: Precision) => {
  const found = byTensorFlow(precision);
  return {
    convolution: difference(found.convolution, expected.convolution),
    gradient: difference(found.gradient, expected.gradient),
  };
};
const proof: Proof = { onCard, off: { fp32: off('fp32'), bf16: off('bf16') } };
process.stdout.write(`${JSON.stringify(proof)}\n`);
