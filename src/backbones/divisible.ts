/** The multiple of 8 nearest to `value`, not below nine tenths of it: channels of scaled networks (TensorFlow's slim/nets/mobilenet). */
export function divisible(value: number): number {
  const near = Math.max(8, Math.floor((value + 4) / 8) * 8);
  return near < 0.9 * value ? near + 8 : near;
}
