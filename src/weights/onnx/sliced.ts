/** `list[start:end:step]` with ONNX's bounds. */
export function sliced<T>(list: readonly T[], start: number, end: number, step: number): T[] {
  if (step === 0) return [];
  const length = list.length;
  const clamp = (at: number, low: number, high: number) => Math.min(high, Math.max(low, at < 0 ? at + length : at));
  const result: T[] = [];
  if (step > 0) for (let at = clamp(start, 0, length); at < clamp(end, 0, length); at += step) result.push(list[at] as T);
  else for (let at = clamp(start, 0, length - 1); at > clamp(end, -1, length - 1); at += step) result.push(list[at] as T);
  return result;
}
