import type { Preprocessing } from '../../network/network.js';

/** `scale · x + offset`, channel by channel; one number stands for every channel. */
export interface Affine {
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** An operation with a number, or one for each channel: `x + 3`, `3 - x`, … */
export interface Operation {
  readonly className: string;
  readonly value: readonly number[];
  readonly first: boolean;
}

export const IDENTITY: Affine = { scale: [1], offset: [0] };

/** First `before`, then `after`. */
export function composed(before: Affine, after: Affine): Affine {
  const channels = Math.max(...[before, after].flatMap(({ scale, offset }) => [scale.length, offset.length]));
  const at = (list: readonly number[], channel: number): number => list[list.length === 1 ? 0 : channel] ?? Number.NaN;
  const each = (make: (channel: number) => number): number[] => Array.from({ length: channels }, (_, channel) => make(channel));
  return {
    scale: each((one) => at(before.scale, one) * at(after.scale, one)),
    offset: each((one) => at(before.offset, one) * at(after.scale, one) + at(after.offset, one)),
  };
}

/** Undefined for an operation that is no scaling or shift (`3 / x`, a power). */
export function operation({ className, value, first }: Operation): Affine | undefined {
  switch (className) {
    case 'Add':
      return { scale: [1], offset: value };
    case 'Subtract':
      return first ? { scale: [-1], offset: value } : { scale: [1], offset: value.map((one) => -one) };
    case 'Multiply':
      return { scale: value, offset: [0] };
    case 'Divide':
    case 'TrueDivide':
      return first ? undefined : { scale: value.map((one) => 1 / one), offset: [0] };
    default:
      return undefined;
  }
}

/** What a Rescaling does: `scale · x + offset`, numbers or one for each channel. */
export function rescaling({ scale, offset }: Readonly<Record<string, unknown>>): Affine {
  const numbers = (value: unknown, missing: number): number[] => {
    const list = Array.isArray(value) ? value.flat(3) : [value ?? missing];
    return list.map(Number);
  };
  return { scale: numbers(scale, 1), offset: numbers(offset, 0) };
}

/** What a Normalization does: `(x − mean) / max(√variance, 1e-7)`, as Keras guards against a variance of zero. */
export function normalization(mean: readonly number[], variance: readonly number[]): Affine {
  const scale = variance.map((one) => 1 / Math.max(Math.sqrt(one), 1e-7));
  return composed({ scale: [1], offset: mean.map((one) => -one) }, { scale, offset: [0] });
}

/** `(rgb − mean) / std` of a caller, then what the network does to its input; undefined where that is no preprocessing. */
export function asPreprocessing(before: Preprocessing, after: Affine): Preprocessing | undefined {
  const raw = composed(
    { scale: before.std.map((one) => 1 / one), offset: before.mean.map((one, at) => (0 - one) / (before.std[at] ?? 1)) },
    after,
  );
  const std = raw.scale.map((one) => 1 / one);
  const mean = raw.offset.map((one, at) => (0 - one) / (raw.scale[at] ?? 0));
  if (std.length !== 3 || [...std, ...mean].some((one) => !Number.isFinite(one))) return undefined;
  return { mean: mean as [number, number, number], std: std as [number, number, number] };
}
