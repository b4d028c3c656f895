/** A bias in steps stays below this, so that what a kernel adds to it stays below 2³¹ (255 · 127 · 10⁴ places are 0.3 · 2³⁰). */
const LARGEST_BIAS = 2 ** 30;
/** Steps of a channel that is next to nothing: as a float32 they are still a normal number behind the input's. */
const SMALLEST_SCALE = 2 ** -64;

/** A kernel as codes of −127 … 127 with a scale for each output channel, its bias as whole steps of `inputScale · scale`. */
export interface ChannelCodes {
  readonly codes: Int8Array;
  readonly scales: Float32Array;
  readonly bias: Int32Array | null;
  readonly biasScales: Float32Array;
}

/**
 * `kernel ≈ scale[channel] · code`, zero is code 0. A scale is the channel's largest number over 127, but where the bias would then be more
 * steps than an int32 holds: then as large as the bias needs (a channel that BatchNorm has switched off has a bias alone).
 * @param channelOf the output channel of a place of the kernel
 * @param inputScale the step of what the kernel is multiplied with
 * @see onnxruntime's quantize_static with per_channel (base_quantizer.py: adjust_weight_scale_for_int32_bias)
 */
export function quantizeChannels(
  kernel: Float32Array,
  channels: number,
  channelOf: (place: number) => number,
  bias: Float32Array | null,
  inputScale: number,
): ChannelCodes {
  const scales = new Float32Array(channels).fill(SMALLEST_SCALE);
  const raise = (channel: number, scale: number) => {
    if (scale > (scales[channel] as number)) scales[channel] = scale;
  };
  kernel.forEach((value, place) => {
    raise(channelOf(place), Math.abs(value) / 127);
  });
  bias?.forEach((value, channel) => {
    raise(channel, Math.abs(value) / inputScale / LARGEST_BIAS);
  });
  const codes = Int8Array.from(kernel, (value, place) => {
    const code = Math.round(value / (scales[channelOf(place)] as number));
    return Math.max(-127, Math.min(127, code));
  });
  const biasScales = scales.map((scale) => scale * inputScale);
  const steps =
    bias === null ? null : Int32Array.from(bias, (value, channel) => Math.round(value / (biasScales[channel] as number)));
  return { codes, scales, bias: steps, biasScales };
}
