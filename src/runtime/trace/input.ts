import type { GraphBuilder } from '../graph/builder.js';
import { DT } from '../graph/proto.js';
import { unpackedBytes } from './bytes.js';
import type { Table } from './table.js';

/** An input as it is fed. `uint8` bytes enter as one string scalar and reach the function as float32 tensors of 0 … 255. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'uint8';
  /** Enters in so many equal parts along its first axis, each on the device of its number and by a name of its own ({@link partName}). */
  readonly parts?: number;
  /** The table of the program that it is rows of: their numbers are fed, an int32 for each, and the rows (float32) reach the function. */
  readonly rowsOf?: string;
}

/** What a function calls the part of an input that lies on a device. */
export function partName(input: string, device: number): string {
  return device === 0 ? input : `${input}/on${device}`;
}

export const TYPES = { float32: DT.float32, int32: DT.int32 } as const;

/** Of one part of an input. */
export function partShape(name: string, { shape, parts = 1 }: TensorSpec): readonly number[] {
  const [first = 1, ...rest] = shape;
  if (first % parts > 0) throw new Error(`the input '${name}' ([${shape}]) does not divide into ${parts} equal parts`);
  return parts === 1 ? shape : [first / parts, ...rest];
}

/** A node to feed, and what the function takes of it. */
export function inputEnds(
  graph: GraphBuilder,
  tables: ReadonlyMap<string, Table>,
  name: string,
  spec: TensorSpec,
  device: number,
): { place: string; value: string } {
  if (spec.rowsOf !== undefined) {
    const rows = graph.placeholder(name, DT.int32, spec.shape.slice(0, 1));
    const table = tables.get(spec.rowsOf);
    if (table === undefined) throw new Error(`the program has no table '${spec.rowsOf}'`);
    return { place: rows, value: table.taken(name, rows) };
  }
  if (spec.dtype !== 'uint8') {
    const place = graph.placeholder(name, TYPES[spec.dtype], spec.shape);
    graph.pinned.set(place, device);
    return { place, value: place };
  }
  const { place, value } = unpackedBytes(graph, name, spec.shape);
  graph.pinned.set(place, device);
  return { place, value: graph.cast(`${name}/float`, value, DT.uint8, DT.float32) };
}
