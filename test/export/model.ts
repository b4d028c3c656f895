/** A small finished model, and what it gives, computed apart from every export. */
import type { FinishedModel } from '../../src/export/model.js';
import { forward, globalPool, normalise } from '../../src/network/forward.js';
import { type Tensor, type Tensor4D, tf } from '../../src/runtime/tensorflow.js';
import { formulaHead, formulaNetwork, formulaPixels, SIDE } from '../train/formula.js';

export const network = formulaNetwork();
export const OUTPUTS = 5;
export const weights = Object.fromEntries(
  [...network.variables].map(([name, { values }]) => [name, Float32Array.from(values, (value) => value * 1.01)]),
);
export const model: FinishedModel = {
  network,
  weights,
  head: { ...formulaHead(OUTPUTS), inputs: network.features, outputs: OUTPUTS },
  side: SIDE,
};
export const IMAGE = SIDE * SIDE * 3;
export const IMAGES = 12;
export const pixels = formulaPixels(0);

/** What the head makes of the network's own forward pass, written out as loops; without one the pooled features. */
export function expectedScores({ head }: FinishedModel): number[][] {
  const pooled = tf.tidy(() => {
    const lookup = (name: string): Tensor =>
      tf.tensor(weights[name] as Float32Array, [...(network.variables.get(name)?.shape ?? [])]);
    const images = tf.tensor4d(Float32Array.from(pixels), [IMAGES, SIDE, SIDE, 3]) as Tensor4D;
    return globalPool(forward(network, normalise(images, network.preprocessing), lookup)).arraySync() as number[][];
  });
  return pooled.map((features) =>
    head === null
      ? features
      : Array.from(head.bias, (bias, o) =>
          features.reduce((sum, value, i) => sum + value * (head.kernel[i * head.outputs + o] as number), bias),
        ),
  );
}

export function expected(of: FinishedModel): number[][] {
  return expectedScores(of).map((row) => {
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    return row.map((value) => value / length);
  });
}

function halfToEven(value: number): number {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
}

/** Pillow's BILINEAR, one axis after the other, in doubles. */
export function resizedByHand(large: Uint8Array, count: number, height: number, width: number): Uint8Array {
  const weightsOf = (size: number, at: number) => {
    const scale = size / SIDE;
    const raw = Array.from({ length: size }, (_, j) =>
      Math.max(0, 1 - Math.abs(j + 0.5 - (at + 0.5) * scale) / Math.max(scale, 1)),
    );
    const sum = raw.reduce((a, b) => a + b, 0);
    return raw.map((value) => value / sum);
  };
  const small = new Uint8Array(count * IMAGE);
  for (let n = 0; n < count; n++)
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++)
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (const [j, down] of weightsOf(height, y).entries())
            if (down > 0)
              for (const [i, across] of weightsOf(width, x).entries())
                sum += down * across * (large[((n * height + j) * width + i) * 3 + c] as number);
          small[((n * SIDE + y) * SIDE + x) * 3 + c] = halfToEven(sum);
        }
  return small;
}

export function softmaxByHand(scores: readonly number[][]): number[][] {
  return scores.map((row) => {
    const powers = row.map((value) => Math.exp(value - Math.max(...row)));
    return powers.map((value) => value / powers.reduce((sum, one) => sum + one, 0));
  });
}
