/**
 * The linear map from a backbone's pooled features to an embedding: `z = x·kernel + bias`, then `z / ‖z‖`.
 * A closed-form head is one that is fitted to features in one go, without a step of training.
 */
export interface Head {
  /** Row-major [inputs, outputs]. */
  readonly kernel: Float32Array;
  /** [outputs]. */
  readonly bias: Float32Array;
  readonly inputs: number;
  readonly outputs: number;
}

/**
 * The head that takes `mean` to the origin and projects on `directions`, so `bias = −meanᵀ·kernel`.
 *
 * An eigenvector's sign is the kernel's whim, so each direction is turned until its largest component is positive (the first
 * one of several equals): the same features give the same head everywhere.
 *
 * @param directions row-major [inputs, outputs], one direction a column
 * @param scale multiplies all of them
 */
export function centredHead(directions: Float64Array, mean: Float64Array, outputs: number, scale = 1): Head {
  const inputs = mean.length;
  const kernel = new Float32Array(inputs * outputs);
  const bias = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    let largest = 0;
    for (let i = 0; i < inputs; i++) {
      const value = directions[i * outputs + o] as number;
      if (Math.abs(value) > Math.abs(largest)) largest = value;
    }
    const factor = largest < 0 ? -scale : scale;
    let offset = 0;
    for (let i = 0; i < inputs; i++) {
      const value = (directions[i * outputs + o] as number) * factor;
      kernel[i * outputs + o] = value;
      offset -= value * (mean[i] as number);
    }
    bias[o] = offset;
  }
  return { kernel, bias, inputs, outputs };
}
