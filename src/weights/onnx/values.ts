import { UserError } from '../../errors.js';
import { describeNode, type OnnxNode } from './graph.js';
import type { Constant } from './tensors.js';

/** Height and width. */
export type Size = readonly [height: number, width: number];

/** What a layer of the network puts out, as a tensor of the file. */
export interface MapValue {
  readonly kind: 'map';
  readonly layer: string;
  /** The axes of the file's tensor in its order: 'NCHW', 'NHWC', 'NC', … */
  readonly axes: string;
  readonly channels: number;
  /** Known where the file fixes the image's size, and behind a global pooling. */
  readonly size: Size | undefined;
  /** 2: the layer gives vectors; 4: maps, though the file's tensor may have lost axes of one place. */
  readonly rank: 2 | 4;
  /** Something besides the next operation takes the layer's output. */
  readonly shared: boolean;
  /** Vectors of a map whose channels the file lays out one after the other: the channels, where ft has them side by side. */
  readonly flattened?: number;
}

/** One channel of the image: a channel of the graph's input, scaled and shifted. */
export interface ImageChannel {
  readonly from: number;
  readonly scale: number;
  readonly shift: number;
}

/** The graph's input, or what a preprocessing chain made of it so far. */
export interface ImageValue {
  readonly kind: 'image';
  readonly axes: string;
  readonly channels: readonly ImageChannel[];
  readonly size: Size | undefined;
}

/** Extents of a tensor that the graph works out; undefined: as large as the batch, or not known. */
export interface SizesValue {
  readonly kind: 'sizes';
  readonly sizes: readonly (number | undefined)[];
}

export type Value = MapValue | ImageValue | SizesValue;

/** Ends the reading at a node that ft cannot say in layers. */
export function refuseNode(where: string, node: { op: string; name: string }, what: string, expected: string): never {
  throw new UserError({ where, what: `${describeNode(node)} ${what}`, expected });
}

/**
 * A constant that is broadcast over all axes but the channels, as one number for each channel; undefined where it varies
 * along another axis too.
 */
export function perChannel(constant: Constant, axes: string, channels: number): Float32Array | undefined {
  const { shape } = constant;
  const aligned = axes.length - shape.length;
  if (aligned < 0) return undefined;
  const extent = shape[axes.indexOf('C') - aligned] ?? 1;
  const others = shape.every((length, at) => length === 1 || axes[at + aligned] === 'C');
  if (!others || (extent !== 1 && extent !== channels)) return undefined;
  const values = constant.values();
  return extent === channels ? values : new Float32Array(channels).fill(values[0] ?? 0);
}

/** Axes as letters, from numbers that may count from the end. */
export function lettersOf(axes: readonly number[], of: string): string[] {
  return axes.map((axis) => of.at(axis) ?? '?');
}

/** Whether a node of `axes` has these letters, in any order. */
export function sameLetters(letters: readonly string[], wanted: string): boolean {
  return [...letters].sort().join('') === [...wanted].sort().join('');
}

/** The axes behind a Transpose. */
export function transposedAxes(node: OnnxNode, axes: string, where: string): string {
  const perm = node.ints(
    'perm',
    [...axes].map((_, at) => axes.length - 1 - at),
  );
  const result = perm.map((axis) => axes[axis] ?? '').join('');
  if (perm.length !== axes.length || !sameLetters([...result], axes))
    return refuseNode(where, node, `permutes by ${perm.slice(0, 8).join(', ')}`, `${axes.length} axes`);
  return result;
}
