import type { GraphBuilder } from './builder.js';
import { DT } from './proto.js';

/** A constant vector of int32. */
export function integers(graph: GraphBuilder, name: string, values: readonly number[]): string {
  return graph.constant(name, DT.int32, [values.length], new Uint8Array(Int32Array.from(values).buffer));
}

/** A constant int32 by itself. */
export function integer(graph: GraphBuilder, name: string, value: number): string {
  return graph.constant(name, DT.int32, [], new Uint8Array(Int32Array.of(value).buffer));
}
